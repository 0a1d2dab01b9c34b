"""What every registered executor promises that can train on the CPU; tests/cuda says it of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import lt_prune as lp
from lt_prune.engine.executors import EXECUTORS
from lt_prune.store.weights import read_weights

CPU = lp.Compute(device="cpu", workers=2)
GRID = lp.Grid(strategies=["random"], ratios=[0], seeds=[0, 1], methods=["mislas", "ce", "alas"])
SMALL = {"epochs": 2, "stage2_epochs": 1, "model": "resnet8", "batch_size": 16, "warmup": 0}


@pytest.fixture(params=[name for name in EXECUTORS.names if not EXECUTORS.load(name).refuses(CPU)])
def compute(request) -> lp.Compute:
    return replace(CPU, executor=request.param)


def weights(run: lp.TrainResult) -> dict[str, torch.Tensor]:
    folder = f"{run.name}-{run.method}{f'-seed{run.seed}' if run.seed else ''}"
    return read_weights(Path("runs") / folder / "model.pt", torch.device("cpu"))["network"]


@pytest.mark.slow
def test_a_run_is_what_it_is_by_itself_in_both_stages(blobs, in_tmp, compute):
    done = lp.sweep(blobs(), GRID, compute=compute, **SMALL)
    assert [(run.seed, run.method) for run in done.runs] == [(s, m) for s in (0, 1) for m in GRID.methods]
    for run in done.runs:
        how = {"method": run.method, "seed": run.seed, "compute": lp.Compute(device="cpu", n_threads=1)}
        alone = lp.train(blobs(), out="alone", overwrite=True, **how, **(SMALL if run.spec.first else first_stage()))
        assert replace(run, seconds=0, data=None) == replace(alone, seconds=0, data=None)
        expected = read_weights(Path("alone/model.pt"), torch.device("cpu"))["network"]
        assert all(torch.equal(value, expected[name]) for name, value in weights(run).items())


def first_stage() -> dict[str, object]:
    return {name: value for name, value in SMALL.items() if not name.startswith("stage2")}


@pytest.mark.slow
def test_each_run_is_told_of_from_its_begin_to_its_end(blobs, in_tmp, compute):
    told: dict[str, list[float]] = {}
    lp.sweep(blobs(), GRID, compute=compute, progress=lambda what, *done: told.setdefault(what, []).append(done), **SMALL)
    assert len(told.pop("all runs")) > 1
    assert len(told) == 8, "each stage once"
    for counts in told.values():
        assert counts[0][0] == 0
        assert counts[-1][0] == counts[-1][1] > 0


@pytest.mark.slow
def test_a_failure_takes_nothing_with_it_but_what_starts_from_it(blobs, in_tmp, compute):
    broken = Path("runs/blobs-mixup/model.pt")
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"junk")
    done = lp.sweep(blobs(), GRID, compute=compute, **SMALL)
    failed = {(run.seed, run.method): run.reason for run in done.failures}
    assert failed.keys() == {(0, "mislas"), (0, "alas")}
    says = "its first stage failed: runs/blobs-mixup/model.pt is damaged, or no weights of ours: "
    assert all(reason.startswith(says) for reason in failed.values())
    broken.unlink()
    assert lp.sweep(blobs(), GRID, compute=compute, **SMALL).failures == ()
