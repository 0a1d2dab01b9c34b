"""A package of another author is installed, and its members go through the contracts and the flow like ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lt_prune as lp

DRILLS = Path(__file__).parent
CONTRACTS = DRILLS.parent / "contract"


@pytest.fixture
def ok(in_tmp):
    """Runs a Python module in a process that the package is installed for, and gives what it printed."""
    installed = os.pathsep.join([str(DRILLS), str(Path(lp.__file__).parents[1])])
    environment = {**os.environ, "PYTHONPATH": installed, "PYTEST_ADDOPTS": ""}

    def run(*args: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *map(str, args)], capture_output=True, text=True, env=environment, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_contracts_hold_of_its_predictor(ok):
    said = ok("pytest", "-q", "-p", "no:cacheprovider", CONTRACTS / "test_every_predictor.py", "-k", "drill")
    assert int(said.split(" passed")[0].split()[-1]) >= 18


def test_the_contracts_hold_of_its_executor(ok):
    said = ok("pytest", "-q", "-p", "no:cacheprovider", CONTRACTS / "test_every_executor.py", "-k", "drill")
    assert int(said.split(" passed")[0].split()[-1]) == 3


def test_the_guide_shows_what_is_tested():
    shown = re.findall(r"```python\n(.*?)```", (DRILLS.parents[1] / "CONTRIBUTING.md").read_text(), re.DOTALL)
    package = "\n".join(file.read_text() for file in DRILLS.glob("lt_prune_drills/*.py"))
    assert shown
    assert all(code in package for code in shown)


def test_a_run_is_tested_by_its_predictor_with_each_of_several_settings(ok):
    small = ("--epochs", 1, "--model", "resnet8", "--device", "cpu")
    ok("lt_prune", "train", *small, "--out", "mine", "--data", "digits", "--json")
    by = ("lt_prune", "evaluate", "mine", "--prediction", "drill_nearest_mean", "--json")
    rows = json.loads(ok(*by, "--set", "drill_temperature=0.1,1"))["rows"]
    assert [row["settings"] for row in rows] == [{"drill_temperature": 0.1}, {"drill_temperature": 1.0}]
    assert rows[0]["per_class"] == rows[1]["per_class"], "the temperature changes no argmax"
    assert rows[0]["ece"] != rows[1]["ece"]
    assert rows[0]["overall"] > 0.5


def test_it_is_fitted_in_worker_processes(ok):
    grid = ("--strategies", "random", "--ratios", 0.5, "--seeds", "0-1", "--epochs", 1, "--model", "resnet8", "--workers", 2)
    ok("lt_prune", "sweep", *grid, "--prediction", "drill_nearest_mean", "--set", "drill_temperature=0.5")
    specs = [lp.read_result(file).spec for file in Path("runs").rglob("result.json")]
    assert [(spec.prediction, spec.settings) for spec in specs] == [("drill_nearest_mean", {"drill_temperature": 0.5})] * 4
