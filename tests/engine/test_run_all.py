"""One run or many, in this process or in others: the same numbers, and no run takes the others with it."""

from __future__ import annotations

import gc
import os
import signal
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lt_prune.config.compute import Arithmetic, Compute
from lt_prune.config.recipe import Recipe
from lt_prune.engine import Outcome, Run, run_all
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.runs import Trained
from lt_prune.engine.session import threads
from lt_prune.engine.turns import run_in_turns
from lt_prune.errors import DivergenceError, LtPruneError
from lt_prune.methods.ce import CrossEntropy
from lt_prune.models import find_model
from lt_prune.progress import no_progress

RECIPE = Recipe(epochs=2, batch_size=23, warmup=1, padding=1, model="resnet8")
processes = pytest.mark.skipif(os.name != "posix", reason="workers are forked")


def flat(trained: Trained) -> np.ndarray:
    """Every parameter and buffer, one after the other."""
    return np.concatenate([value.double().numpy().ravel() for value in trained.network.state_dict().values()])


@dataclass
class Kill:
    """Kills its process, as the system does when memory runs out: the first time only, or every time."""

    mark: Path
    always: bool = False

    def __call__(self, trained: Trained) -> np.ndarray:
        if self.always or not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return flat(trained)


@dataclass
class Raise:
    error: Exception

    def __call__(self, trained: Trained) -> None:
        raise self.error


@pytest.fixture
def make(blobs) -> Callable[..., Run]:
    data = blobs()

    def make(seed: int = 0, on_trained: Any = flat, **fields) -> Run:
        given = {
            "title": f"run {seed}",
            "pixels": data.pixels,
            "labels": data.index.labels,
            "rows": np.arange(45),
            "n_classes": 4,
            "model": find_model(RECIPE.model),
            "recipe": RECIPE,
            "loss": partial(CrossEntropy, [24, 12, 6, 3]),
            "identity": {"method": "ce", "samples": "blobs"},
            "on_trained": on_trained,
        }
        return Run(seed=seed, **{**given, **fields})

    return make


def on_cpu(workers: int | None = None, compiled: bool = False) -> Compute:
    return Compute(device="cpu", workers=workers, compiled=compiled, n_threads=1)


def values(outcomes: dict[int, Outcome]) -> list[bytes]:
    return [outcomes[index].unwrap().tobytes() for index in sorted(outcomes)]


def alone(runs: list[Run]) -> list[bytes]:
    return [values(dict(run_all([run], on_cpu(1))))[0] for run in runs]


@pytest.mark.slow
@processes
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_number_of_workers_changes_no_bit(make, workers):
    runs = [make(seed) for seed in range(4)]
    assert values(dict(run_all(runs, on_cpu(workers), isolate=True))) == alone(runs)


def test_runs_that_take_turns_change_no_bit_of_each_other(make):
    runs = [make(seed, recipe=replace(RECIPE, epochs=1 + seed % 2)) for seed in range(4)]
    with threads(1):
        assert values(dict(run_in_turns(RunQueue(runs), ["cpu"] * 3, no_progress, Arithmetic()))) == alone(runs)


def test_the_seconds_of_a_run_are_those_of_its_own_turns(make, monkeypatch):
    clock = [0]

    class Ticking(CrossEntropy):
        def forward(self, outputs, target):
            clock[0] += 1
            return super().forward(outputs, target)

    monkeypatch.setattr("lt_prune.engine.train.time.perf_counter", lambda: clock[0])
    runs = [make(k, recipe=replace(RECIPE, epochs=1 + k), loss=partial(Ticking, [24, 12, 6, 3])) for k in range(3)]
    outcomes = dict(run_in_turns(RunQueue(runs), ["cpu"] * 3, no_progress, Arithmetic()))
    assert [outcomes[k].seconds for k in range(3)] == [2, 4, 6], "two steps an epoch"


def test_a_kept_failure_keeps_nothing_of_the_training(make):
    """Without the help of the collector: a network may hold gigabytes of a GPU."""
    made = []

    def loss() -> CrossEntropy:
        made.append(CrossEntropy([24, 12, 6, 3]))
        return made[-1]

    gc.disable()
    try:
        diverging = make(recipe=replace(RECIPE, lr=1e30, warmup=0, epochs=3), loss=loss)
        ((_, outcome),) = run_all([diverging], on_cpu())
        assert isinstance(outcome.failure, DivergenceError)
        kept = weakref.ref(made.pop())
        assert kept() is None
    finally:
        gc.enable()


@pytest.mark.slow
@processes
def test_outcomes_come_as_runs_end(make):
    runs = [make(0, recipe=replace(RECIPE, epochs=60)), make(1, recipe=replace(RECIPE, epochs=1)), make(2)]
    assert [index for index, _ in run_all(runs, on_cpu(2))] == [1, 2, 0]


@pytest.mark.slow
@processes
@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_the_epochs_of_each_run(make, workers):
    watch = _Watch()
    outcomes = dict(run_all([make(0), make(1)], on_cpu(workers), progress=watch))
    for number, outcome in outcomes.items():
        (zero, first, one, second, two) = [told for title, *told in watch.seen if title == f"run {number}"]
        assert [zero, one, two] == [[0, 2], [1, 2], [2, 2]]
        assert [epoch.epoch for (epoch,) in (first, second)] == [1, 2]
        assert tuple(epoch.loss for (epoch,) in (first, second)) == outcome.loss


class _Watch:
    """A progress that is told of epochs, too."""

    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def __call__(self, what: str, done: float, total: int) -> None:
        self.seen.append((what, done, total))

    def follow(self, what: str, known: object) -> None:
        self.seen.append((what, known))


@pytest.mark.slow
@processes
def test_a_part_of_an_epoch_crosses_processes(make, monkeypatch):
    seen: list[float] = []
    run = make(0, loss=_TellsAtOnce())
    list(run_all([run], on_cpu(), isolate=True, progress=lambda what, done, total: seen.append(done)))
    assert {0, 0.5, 1, 1.5, 2} <= set(seen)


class _TellsAtOnce:
    """A loss whose making lets the process that trains tell every step."""

    def __call__(self) -> CrossEntropy:
        from lt_prune.engine import train

        train.TOLD_EVERY = 0.0
        return CrossEntropy([24, 12, 6, 3])


@pytest.mark.slow
@processes
@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_ours_is_the_outcome_of_its_run_alone(make, workers):
    diverging = replace(RECIPE, lr=1e30, warmup=0, epochs=3)
    runs = [make(0), make(1, recipe=diverging), make(2)]
    outcomes = dict(run_all(runs, on_cpu(workers)))
    assert isinstance(outcomes[1].failure, DivergenceError)
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        outcomes[1].unwrap()
    assert values({0: outcomes[0], 1: outcomes[2]}) == alone([runs[0], runs[2]])


@pytest.mark.slow
@processes
def test_a_run_whose_worker_is_killed_is_tried_once_more(make, tmp_path):
    runs = [make(0), make(1, on_trained=Kill(tmp_path / "killed")), make(2)]
    with pytest.warns(UserWarning, match=r"run 1: its worker process ended.*tried once more"):
        outcomes = dict(run_all(runs, on_cpu(2)))
    assert values(outcomes) == alone([make(0), make(1), make(2)])


@pytest.mark.slow
@processes
def test_a_run_that_fails_twice_is_a_failure_with_its_reason_and_the_others_go_on(make, tmp_path):
    runs = [make(0), make(1, on_trained=Kill(tmp_path / "killed", always=True)), make(2)]
    with pytest.warns(UserWarning, match="tried once more"):
        outcomes = dict(run_all(runs, on_cpu(2)))
    with pytest.raises(LtPruneError, match=r"run 1 failed 2 times: its worker process ended.*killed.*memory"):
        outcomes[1].unwrap()
    assert values({0: outcomes[0], 1: outcomes[2]}) == alone([runs[0], runs[2]])


@pytest.mark.slow
@processes
@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("not enough memory: you tried to allocate 1 byte.\nmore")])
def test_memory_that_runs_out_is_reported_in_one_line_with_advice(make, error):
    with pytest.warns(UserWarning, match="tried once more"):
        outcomes = dict(run_all([make(0, on_trained=Raise(error)), make(1)], on_cpu(2)))
    assert str(outcomes[0].failure).startswith("run 0 failed 2 times: out of memory")
    assert "--workers" in str(outcomes[0].failure)
    assert "\n" not in str(outcomes[0].failure)
    assert outcomes[1].failure is None


@pytest.mark.slow
@processes
def test_a_run_tried_again_goes_on_from_its_checkpoint(make, tmp_path):
    checkpoint = tmp_path / "model.pt"
    run = make(0, on_trained=Kill(tmp_path / "killed"), checkpoint=checkpoint)
    seen: list[int] = []
    with pytest.warns(UserWarning, match="tried once more"):
        list(run_all([run], on_cpu(), isolate=True, progress=lambda what, done, total: seen.append(done)))
    assert seen == [0, 1, 2, 2]


@pytest.mark.slow
@processes
def test_a_second_stage_begins_once_its_killed_first_has_been_tried_again(make, tmp_path):
    first = make(0, on_trained=Kill(tmp_path / "killed"), checkpoint=tmp_path / "first.pt")
    second = make(1, start=tmp_path / "first.pt", recipe=replace(RECIPE, epochs=1))
    with pytest.warns(UserWarning, match="run 0: its worker process ended.*tried once more"):
        outcomes = list(run_all([second, make(2), first], on_cpu(2)))
    order = [index for index, _ in outcomes]
    assert order.index(0) > order.index(2)
    assert values({0: dict(outcomes)[0]}) == alone([second])


@pytest.mark.slow
@processes
def test_a_second_stage_of_a_run_that_fails_twice_fails_too(make, tmp_path):
    first = make(0, on_trained=Kill(tmp_path / "killed", always=True), checkpoint=tmp_path / "first.pt")
    second = make(1, start=tmp_path / "first.pt")
    with pytest.warns(UserWarning, match="tried once more"):
        outcomes = dict(run_all([second, make(2), first], on_cpu(2)))
    assert outcomes[1].failure is None
    assert str(outcomes[0].failure).startswith("its first stage failed: run 0 failed 2 times: its worker process ended")


def children() -> set[int]:
    """Every process below this one, by its number."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, size = {os.getpid()}, 0
    while len(found) > size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {os.getpid()}


@pytest.mark.slow
@processes
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")
def test_closing_ends_every_process_and_leaves_no_file(make, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = children()
    outcomes = run_all([make(seed, recipe=replace(RECIPE, epochs=1 + 999 * (seed > 0))) for seed in range(3)], on_cpu(2))
    next(outcomes)
    assert len(children() - before) == 3, "one that forks, two that work"
    began = time.monotonic()
    outcomes.close()
    assert children() - before == set()
    assert time.monotonic() - began < 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@processes
def test_arrays_are_mapped_and_not_sent(make):
    pixels = np.zeros((2000, 8, 8, 3), np.uint8)
    runs = [make(seed, pixels=pixels, on_trained=Mapped(pixels)) for seed in range(2)]
    assert [outcome.unwrap() for _, outcome in run_all(runs, on_cpu(2))] == [True, True]


@dataclass
class Mapped:
    pixels: np.ndarray

    def __call__(self, trained: Trained) -> bool:
        return isinstance(self.pixels, np.memmap)


def test_no_runs_are_no_work():
    assert list(run_all([], on_cpu())) == []
    for name in ("session", "processes"):
        assert list(run_all([], Compute(device="cpu", executor=name))) == []


def test_a_run_has_the_threads_asked_for_and_gives_them_back(make):
    before = torch.get_num_threads()
    seen: list[int] = []
    for number in (1, 2):
        progress = lambda what, done, total: seen.append(torch.get_num_threads())  # noqa: E731
        list(run_all([make(recipe=replace(RECIPE, epochs=1))], Compute(device="cpu", n_threads=number), progress=progress))
    assert seen == [1, 1, 2, 2]
    assert torch.get_num_threads() == before


@pytest.mark.slow
def test_a_compiled_network_learns_the_same(make):
    plain, compiled = (dict(run_all([make()], on_cpu(compiled=c)))[0] for c in (False, True))
    np.testing.assert_allclose(compiled.loss, plain.loss, rtol=1e-3)
