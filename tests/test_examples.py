"""Every example in a docstring gives what it says, each in an empty folder of its own."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import lt_prune

ROOT = Path(lt_prune.__file__).parent
WITH_EXAMPLES = [
    ".".join(["lt_prune", *file.relative_to(ROOT).with_suffix("").parts])
    for file in sorted(ROOT.rglob("*.py"))
    if ">>>" in file.read_text()
]


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
    steps = ("build", "score", "prune", "train", "evaluate", "plot", "export", "run", "sweep", "results")
    assert {f"lt_prune.steps.{step}" for step in steps} <= set(WITH_EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_the_readmes_python_runs(number, in_tmp):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT.parent / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    exec(compile(blocks[number], "README.md", "exec"), {})
