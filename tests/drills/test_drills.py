"""A package of another author is installed, and its members go through the contracts and the flow like ours."""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.methods.parts import Batch
from lt_prune.models.network import Outputs

DRILLS = Path(__file__).parent
CONTRACTS = DRILLS.parent / "contract"
POINTS = configparser.ConfigParser()
POINTS.read(DRILLS / "lt_prune_drills-1.dist-info" / "entry_points.txt")
MEMBERS = [name for group in POINTS.sections() for name in POINTS[group]]
CONTRACT = {name: 3 if group == "lt_prune.executors" else 9 for group in POINTS.sections() for name in POINTS[group]}
"""How many tests a member's contract has, at the least."""
SMALL = ("--epochs", 2, "--model", "resnet8", "--device", "cpu", "--json")


@pytest.fixture
def ok(in_tmp):
    """Runs a Python module in a process that the package is installed for, and gives what it printed."""
    installed = os.pathsep.join([str(DRILLS), str(Path(lp.__file__).parents[1])])
    environment = {**os.environ, "PYTHONPATH": installed, "PYTEST_ADDOPTS": ""}

    def run(*args: object, timeout: float = 600) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *map(str, args)], capture_output=True, text=True, env=environment, timeout=timeout
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def drill(name: str) -> ModuleType:
    """A module of the package, in this process, which the package is not installed for."""
    spec = importlib.util.spec_from_file_location(f"drill_{name}", DRILLS / "lt_prune_drills" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_one_of_each_family():
    from lt_prune.steps.register import FAMILIES

    assert {family.group for family in FAMILIES.values()} == set(POINTS.sections())


@pytest.mark.slow
def test_the_contracts_hold_of_its_members(ok):
    said = ok("pytest", "-q", "-rp", "-p", "no:cacheprovider", CONTRACTS, "-k", "drill")
    passed = re.findall(r"^(?:PASSED )?(\S+::\S+?\[.*?\])", said, re.MULTILINE)
    for name, least in CONTRACT.items():
        own = [test for test in passed if name in test]
        assert len(own) >= least, f"{name}: {own}"


def test_the_guide_shows_what_is_tested():
    guide = (DRILLS.parents[1] / "CONTRIBUTING.md").read_text()
    shown = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    package = "\n".join(file.read_text() for file in DRILLS.glob("lt_prune_drills/*.py"))
    assert all(code in package for code in shown)
    assert all(name in guide for name in MEMBERS)
    assert len(shown) == len(MEMBERS)


def test_its_members_are_listed(ok):
    metrics = {row["name"]: row for row in json.loads(ok("lt_prune", "list", "metrics", "--json"))["metrics"]}
    assert metrics["drill_forgotten"]["origin"] == "lt_prune_drills.record:forgotten"
    assert metrics["drill_forgotten"]["needs"] == ["record"]
    assert not any(row["problem"] for row in metrics.values())


@pytest.mark.slow
def test_a_model_and_a_source_come_by_entry_points_alone(ok):
    assert json.loads(ok("lt_prune", "train", "--data", "drill_moons", "--epochs", 1, "--device", "cpu", "--json"))
    trained = json.loads(ok("lt_prune", "train", "--data", "digits", *SMALL, "--model", "drill_norm_first", "--epochs", 1))
    recipe = trained["spec"]["recipe"]
    assert (recipe["model"], recipe["lr"]) == ("drill_norm_first", 0.05)


@pytest.mark.slow
def test_a_run_is_tested_by_its_predictor_with_each_of_several_settings(ok):
    ok("lt_prune", "train", *SMALL, "--epochs", 1, "--out", "mine", "--data", "digits")
    by = ("lt_prune", "evaluate", "mine", "--prediction", "drill_nearest_mean", "--json")
    rows = json.loads(ok(*by, "--set", "drill_temperature=0.1,1"))["rows"]
    assert [row["settings"] for row in rows] == [{"drill_temperature": 0.1}, {"drill_temperature": 1.0}]
    assert rows[0]["per_class"] == rows[1]["per_class"], "the temperature changes no argmax"
    assert rows[0]["ece"] != rows[1]["ece"]
    assert rows[0]["overall"] > 0.5


@pytest.mark.slow
def test_it_is_fitted_in_worker_processes(ok):
    grid = ("--strategies", "random", "--ratios", 0.5, "--seeds", "0-1", "--epochs", 1, "--model", "resnet8", "--workers", 2)
    ok("lt_prune", "sweep", *grid, "--prediction", "drill_nearest_mean", "--set", "drill_temperature=0.5")
    specs = [lp.read_result(file).spec for file in Path("runs").rglob("result.json")]
    assert [(spec.prediction, spec.settings) for spec in specs] == [("drill_nearest_mean", {"drill_temperature": 0.5})] * 4


@pytest.mark.slow
def test_its_metrics_are_scored_and_its_strategy_and_methods_use_them(ok):
    ok("lt_prune", "score", "--data", "digits", "--members", 2, *SMALL, "--workers", 2, "--out", "scores.h5")
    scores = lp.read_scores("scores.h5")
    assert {"avh", "drill_forgotten"} <= set(scores.metrics)
    forgotten = scores.metric("drill_forgotten").per_member
    assert forgotten.shape == (2, 503)
    assert set(forgotten.ravel().tolist()) <= {0, 1, 2}, "in two epochs a sample is forgotten once at most"
    ranked = ("--strategy", "drill_moderate", "--metric", "drill_forgotten", "--ratio", 0.4)
    ok("lt_prune", "prune", "--data", "digits", "--scores", "scores.h5", *ranked, "--out", "subset.h5")
    on_it = ("lt_prune", "train", "--data", "digits", "--subset", "subset.h5", *SMALL)
    for method in ("drill_poly", "drill_reweighted"):
        told = json.loads(ok(*on_it, "--method", method, "--out", method))
        assert (told["spec"]["method"], told["n_train"]) == (method, 302)
        assert np.isfinite(told["loss"]).all()


def record_of(right: list[list[bool]]) -> SimpleNamespace:
    """The record of epochs in each of which some of the samples are right."""
    observer = drill("record").Forgetting(len(right[0]), 2)
    for epoch in right:
        rows = torch.arange(len(epoch))
        logits = torch.eye(2)[[0 if one else 1 for one in epoch]]
        observer(rows, Outputs(logits, logits, torch.eye(2)), torch.eye(2)[[0] * len(epoch)])
    return observer


def test_forgotten_is_right_and_then_wrong_and_never_learned_is_hardest():
    epochs = [[True, True, False, True], [True, False, False, False], [True, True, False, True], [True, False, False, True]]
    found = drill("record").forgotten(record_of(epochs), torch.zeros(4, dtype=torch.int64))
    assert found.tolist() == [0, 2, 3, 1]


def test_the_margin_is_that_of_a_plain_loop():
    logits = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(9) % 4
    expected = [row[y] - max(row[:y] + row[y + 1 :]) for row, y in zip(logits.tolist(), labels.tolist())]
    found = drill("outputs").margin(Outputs(logits, logits, torch.eye(4)), labels)
    torch.testing.assert_close(found, torch.tensor(expected))


def test_the_loss_is_that_of_a_plain_loop():
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(6) % 3
    p = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    own = p[np.arange(6), labels.numpy()]
    found = drill("loss").Poly([3, 2, 1], drill_epsilon=2.0)(
        Outputs(logits, logits, logits[:3]), torch.eye(3).double()[labels]
    )
    assert found.item() == pytest.approx(np.mean(-np.log(own) + 2 * (1 - own)), rel=1e-12)


class Linear(torch.nn.Module):
    """A linear classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64))

    def forward(self, pixels: torch.Tensor) -> Outputs:
        return Outputs(pixels, pixels @ self.weight.T, self.weight)


def test_samples_are_weighed_by_the_product_of_their_gradient_with_that_of_the_balanced_batch():
    """Ren et al. 2018: the derivative at 0 of the balanced loss after a step on the weighted one, times -1; here by hand."""
    parts, random = drill("parts"), torch.Generator().manual_seed(0)
    main, balanced = (
        Batch(torch.randn(n, 5, generator=random).double(), torch.eye(3).double()[torch.arange(n) % 3], torch.arange(n))
        for n in (7, 6)
    )
    weight = torch.randn(3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def gradient(batch: Batch, i: int) -> torch.Tensor:
        p = torch.softmax(weight @ batch.pixels[i], dim=0)
        return torch.outer(p - batch.target[i], batch.pixels[i])

    down = sum(gradient(balanced, i) for i in range(6)) / 6
    product = torch.stack([(gradient(main, i) * down).sum() for i in range(7)]).clamp(min=0)
    log_p = torch.log_softmax(main.pixels @ weight.T, dim=1)
    expected = (product / product.sum() * -(main.target * log_p).sum(dim=1)).sum()
    network = Linear()
    forward = lambda pixels: network(pixels)  # noqa: E731
    forward.network = network
    outputs, loss = parts.step(forward, parts.Each([1, 1, 1]), [main, balanced])
    assert 0 < (product > 0).sum() < 7
    torch.testing.assert_close(loss.detach(), expected)
    assert outputs.logits.shape == (7, 3)
    torch.testing.assert_close(
        torch.autograd.grad(loss, network.weight)[0],
        sum(share * gradient(main, i) for i, share in enumerate(product / product.sum())),
    )
