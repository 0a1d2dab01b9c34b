"""Which executor trains, and what one may not do."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.engine import Outcome, Run, run_all
from lt_prune.engine.executors import Executor
from lt_prune.engine.executors.promised import find_executor
from lt_prune.engine.turns import run_alone
from lt_prune.errors import ArgumentError, LtPruneError, MemberError, UnknownNameError
from lt_prune.methods.ce import CrossEntropy
from lt_prune.models import find_model

RECIPE = lp.Recipe(epochs=1, batch_size=23, warmup=0, padding=1, model="resnet8")
CPU = lp.Compute(device="cpu", n_threads=1)
MINE = replace(CPU, executor="mine")


@pytest.fixture
def runs(blobs) -> list[Run]:
    """Three, the place of whose process is their value."""
    data = blobs()
    common = {"pixels": data.pixels, "labels": data.index.labels, "rows": np.arange(45), "n_classes": 4}
    common |= {"model": find_model("resnet8"), "recipe": RECIPE, "loss": partial(CrossEntropy, [24, 12, 6, 3])}
    return [Run(title=f"run {k}", seed=k, identity={}, on_trained=process, **common) for k in range(3)]


def process(network: object) -> int:
    return os.getpid()


def places(runs: list[Run], compute: lp.Compute, **options) -> set[str]:
    """Whether they are trained in this process, in another, or in both."""
    return {"here" if found.unwrap() == os.getpid() else "elsewhere" for _, found in run_all(runs, compute, **options)}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="workers are forked")
@pytest.mark.parametrize(
    ("options", "isolate", "expected"),
    [
        ({"workers": 1}, False, "here"),
        ({"workers": 1}, True, "elsewhere"),
        ({"workers": 2}, False, "elsewhere"),
        ({"workers": 1, "executor": "processes"}, False, "elsewhere"),
        ({"workers": 2, "executor": "session"}, True, "here"),
    ],
)
def test_several_runs_are_trained_in_processes_unless_otherwise_is_asked(runs, options, isolate, expected):
    assert places(runs[:2], replace(CPU, **options), isolate=isolate) == {expected}


def test_two_of_which_one_waits_are_trained_here(runs, tmp_path):
    """As `train` does with both stages of a method, by all of its threads."""
    first = replace(runs[0], checkpoint=tmp_path / "first.pt")
    second = replace(runs[1], start=tmp_path / "first.pt")
    assert places([second, first], replace(CPU, workers=2)) == {"here"}


@pytest.mark.parametrize(
    ("executor", "device", "system", "says"),
    [
        ("processes", "cuda:1", "posix", "its processes train on the CPU, and device is 'cuda:1'"),
        ("processes", "cpu", "nt", "its processes are forked, which this system cannot do"),
        ("cuda", "cpu", "posix", "it trains on GPUs, and the device is the CPU"),
    ],
)
def test_one_that_cannot_train_so_is_refused(monkeypatch, executor, device, system, says):
    monkeypatch.setattr("lt_prune.config.compute.pick_device", lambda name: name)
    monkeypatch.setattr("lt_prune.engine.executors.processes.os.name", system)
    with pytest.raises(ArgumentError) as refusal:
        find_executor(executor, lp.Compute(device=device))
    assert str(refusal.value) == f"executor {executor!r} cannot be used, as {says}: name another, or leave out --executor"


@pytest.mark.parametrize("step", ["score", "train", "sweep", "run"])
def test_one_that_cannot_be_used_is_refused_before_anything_is_done(blobs, in_tmp, step):
    for name, error in (("cuda", ArgumentError), ("zzz", UnknownNameError)):
        with pytest.raises(error, match=f"executor '{name}'"):
            getattr(lp, step)(blobs(), compute=replace(CPU, executor=name))
    assert not list(in_tmp.iterdir())


def executor_of(handle: Callable) -> Executor:
    """Trains one run after another, and yields what `handle(index, outcome)` makes of each."""

    def execute(runs, compute, progress):
        while taken := runs.take():
            yield from handle(taken[0], run_alone(taken[1], compute.arithmetic))

    return Executor(execute=execute)


def raises(*_: object) -> None:
    raise ValueError("what is wrong\nand more")


GIVEN = "must give the outcome of each run that it took, once, and gave"


@pytest.mark.parametrize(
    ("member", "says"),
    [
        (executor_of(lambda index, outcome: [(index, outcome)] * 2), f"{GIVEN} that of 0"),
        (executor_of(lambda index, outcome: [(index + 1, outcome)]), f"{GIVEN} that of 1"),
        (executor_of(lambda index, outcome: [(str(index), outcome)]), f"{GIVEN} that of '0'"),
        (executor_of(lambda index, outcome: [outcome]), f"{GIVEN} Outcome in place of an index and an Outcome"),
        (executor_of(lambda index, outcome: [(index, 0.5)]), f"{GIVEN} tuple in place of an index and an Outcome"),
        (executor_of(lambda index, outcome: []), "has ended without the outcome of 2 runs"),
        (executor_of(raises), "fails: ValueError: what is wrong"),
        (Executor(execute=lambda runs, compute, progress: []), "must be a generator function, and gave list"),
        (Executor(execute=raises), "fails: ValueError: what is wrong"),
        (Executor(execute=raises, refuses=raises), "fails: ValueError: what is wrong"),
        (Executor(execute=raises, refuses=lambda compute: None), "must say in words why it cannot be used, and gave None"),
    ],
)
def test_one_that_breaks_its_promise_is_refused_by_name(runs, member, says):
    lp.register("executor", "mine", member)
    with pytest.raises(MemberError) as refusal:
        list(run_all(runs[:2], MINE))
    assert str(refusal.value) == f"executor 'mine' {says}"
    assert refusal.value.member == "mine"


@pytest.mark.parametrize("member", [3, Executor, Executor(execute=3), Executor(execute=raises, refuses="no")])
def test_what_is_no_executor_cannot_be_registered(member):
    with pytest.raises(MemberError, match=r"^executor 'mine' \(what was registered\) must "):
        lp.register("executor", "mine", member)


def test_errors_of_ours_and_of_our_executors_are_the_callers(runs):
    def refuse(*_: object) -> None:
        raise LtPruneError("stop")

    lp.register("executor", "mine", executor_of(refuse))
    with pytest.raises(LtPruneError, match=r"^stop$"):
        list(run_all(runs, MINE))
    with pytest.raises(ValueError, match="what is wrong"):
        list(run_all(runs, replace(CPU, executor="session"), progress=raises))


def test_closing_closes_the_executor(runs):
    closed = []

    def execute(runs, compute, progress):
        try:
            while taken := runs.take():
                yield taken[0], Outcome()
        finally:
            closed.append(runs.n_left)

    lp.register("executor", "mine", Executor(execute=execute))
    outcomes = run_all(runs, MINE)
    next(outcomes)
    assert closed == []
    outcomes.close()
    assert closed == [3], "the outcome that was taken last is not done with"


@pytest.fixture
def results_there(blobs, in_tmp) -> dict[str, list[str]]:
    """Of each run of a sweep, which results there are when it begins."""
    found = {}

    def execute(runs, compute, progress):
        while taken := runs.take():
            index, run = taken
            found[run.title.split(", ")[-1]] = sorted(file.parent.name for file in Path("runs").glob("*/result.json"))
            yield index, run_alone(run, compute.arithmetic, progress)

    lp.register("executor", "mine", Executor(execute=execute))
    grid = lp.Grid(strategies=["random"], ratios=[0], seeds=[0], methods=["alas", "ce", "atl"])
    lp.sweep(blobs(), grid, epochs=1, stage2_epochs=1, warmup=0, model="resnet8", batch_size=16, compute=MINE)
    return found


def test_a_second_stage_begins_with_the_result_of_its_first(results_there):
    """And not with that of every first stage."""
    assert list(results_there) == ["mixup", "alas", "aem", "atl", "ce"]
    assert results_there["alas"] == ["blobs-mixup"]
    assert results_there["atl"] == ["blobs-aem", "blobs-alas", "blobs-mixup"]
