"""Every example in a docstring gives what it says, each in an empty folder of its own."""

from __future__ import annotations

import doctest
import importlib
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch

import lt_prune

ROOT = Path(lt_prune.__file__).parent
WITH_EXAMPLES = [
    ".".join(["lt_prune", *file.relative_to(ROOT).with_suffix("").parts])
    for file in sorted(ROOT.rglob("*.py"))
    if ">>>" in file.read_text()
]


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of(name, tmp_path, monkeypatch):
    examples = [test for test in doctest.DocTestFinder().find(importlib.import_module(name)) if test.examples]
    assert examples
    said: list[str] = []
    for example in examples:
        folder = tmp_path / example.name
        folder.mkdir()
        monkeypatch.chdir(folder)
        doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert not said, "".join(said)


def test_the_steps_are_among_those_with_examples():
    steps = ("build", "score", "prune", "audit", "train", "evaluate", "plot", "export", "run", "sweep", "results")
    steps = (*steps, "report", "gallery")
    assert {f"lt_prune.steps.{step}" for step in steps} <= set(WITH_EXAMPLES)


def block(page: str, number: int) -> dict[str, Any]:
    """What a block of Python in a page of docs/ leaves behind."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT.parent / "docs" / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(compile(blocks[number], page, "exec"), names)
    return names


@pytest.mark.slow
def test_the_pages_pruned_run_learns_the_digits(in_tmp):
    test = block("python.md", 0)["result"].evaluation
    assert test.overall > 0.9
    assert test.tail > 0.6


def test_the_pages_sampler_draws_its_budget(in_tmp):
    names = block("training-loop.md", 1)
    assert len(names["sampler"]) == 277
    assert names["sampler"].weights.sum() == pytest.approx(503, rel=1e-3)
    assert (len(names["images"]), len(names["weights"])) == (277 % 64, 277 % 64)


def test_the_pages_model_predicts_by_angle():
    logits = block("angular.md", 0)["model"].eval()(torch.zeros(1, 3, 64, 64))
    assert 0 <= logits.min() <= logits.max() <= math.pi


@pytest.mark.slow
def test_the_pages_training_by_angle_learns_the_tail(capsys):
    names = block("angular.md", 1)
    assert names["counts"].tolist() == [100, 77, 59, 45, 35, 27, 20, 16, 12, 9]
    shares = [float(share) for share in re.findall(r"tensor\(([\d.]+)\)", capsys.readouterr().out)]
    assert shares == pytest.approx([0.85, 0.78] * 2, abs=0.06)
