"""The scripts that are programs of their own end well."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from lt_prune.cli import main
from lt_prune.models import find_model
from lt_prune.models.network import build_network

ROOT = Path(__file__).parents[1]
BENCHMARK = {
    *("training", "share of mm limit", "pruned epoch", "pruned epoch, both test"),
    *("scoring pass", "scoring pass, against one for both", "loader", "loader, against one process"),
    *("ensemble, wall time", "peak memory, PSS", "peak memory, RSS", "exponent over samples", "memory a sample"),
    *("scoring 50 samples", "scoring 50 samples, PSS", "scoring 200 samples", "scoring 200 samples, PSS"),
    *("scoring with 1 members", "scoring with 2 members", "exponent over members"),
}
FITTED = {"exponent over samples", "memory a sample", "exponent over members"}
"""Slopes, which at tiny sizes may have either sign."""


def load(name: str, monkeypatch) -> ModuleType:
    """A script as a module, without running it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def run_benchmark(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "bench_engine.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_the_benchmarks_baseline_trains_the_same_network(monkeypatch):
    benchmark = load("bench_engine", monkeypatch)
    ours, plain = build_network(find_model("resnet14"), (8, 8, 3), n_classes=10, seed=0), benchmark.PlainNetwork(14, 3)
    weights = [value for name, value in ours.state_dict().items() if name not in ("mean", "std", "scale")]
    plain.load_state_dict(dict(zip(plain.state_dict(), weights, strict=True)))
    x = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(plain(x)[1], ours(x).logits, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from Linux's /proc")
def test_the_benchmark_prints_every_row_and_writes_every_figure(tmp_path):
    done = run_benchmark("--smoke", "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stderr
    assert "cores" in done.stdout.splitlines()[0]
    assert {name for name in BENCHMARK if any(line.startswith(f"{name} ") for line in done.stdout.splitlines())} == BENCHMARK
    rows = json.loads((tmp_path / "figures.json").read_text())["rows"]
    assert {row["name"] for row in rows} == BENCHMARK
    for row in rows:
        figures = [*row["ours"], *(row["baseline"] or []), *row["ratios"]]
        assert row["ours"]
        assert all(math.isfinite(figure) for figure in figures), row
        assert row["name"] in FITTED or all(figure > 0 for figure in figures), row


@pytest.mark.slow
def test_the_benchmark_names_its_parts_and_sizes():
    assert "training" in run_benchmark("--only", "trainning").stderr
    assert "growth_images" in run_benchmark("--size", "images=3").stderr


def test_every_long_run_is_a_command_that_lt_prune_takes(monkeypatch):
    jobs = list(load("benchmark", monkeypatch).jobs())
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        command, *options = job.arguments
        main.commands[command].make_context(command, options)


def test_a_long_run_whose_set_is_missing_is_passed_over(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        load("benchmark", monkeypatch).main(["--out", str(tmp_path), "scores/cifar10-lt100"])
    assert end.value.code == 0
    assert capsys.readouterr().err.count("passed over") == 5
    assert list(tmp_path.iterdir()) == []
