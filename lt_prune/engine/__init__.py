"""Training and prediction of networks. `run_all` is the one way to train: one network or many, on CPU or CUDA."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial

from lt_prune.engine.devices import pick_device
from lt_prune.engine.memory import keep_heap
from lt_prune.engine.pool import run_pool
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.solo import run_one, threads
from lt_prune.errors import ArgumentError
from lt_prune.types import Progress, no_progress

__all__ = ["Outcome", "Run", "check_workers", "run_all"]


def run_all(
    runs: Sequence[Run],
    device: str = "auto",
    *,
    workers: int | None = None,
    isolate: bool = False,
    n_threads: int | None = 1,
    progress: Progress = no_progress,
) -> Iterator[tuple[int, Outcome]]:
    """Train every run, several at once, and yield (index, outcome) as each ends.

    Args:
        runs: what to train.
        device: "auto", "cpu" or "cuda".
        workers: how many at once; by default one a CPU core. It changes no number of any result.
        isolate: in processes of their own even where there is one at a time, so that no run can take the others with it.
        n_threads: CPU threads of a run that has this process to itself; None for as many as torch takes.
        progress: called as progress(title, epochs done, epochs in all).

    Raises:
        ArgumentError: there is no such device, or workers is below 1.
    """
    torch_device = pick_device(device)
    check_workers(workers)
    n_workers = min(workers or available_cores(), len(runs))
    if torch_device.type == "cpu" and os.name == "posix" and (n_workers > 1 or (isolate and runs)):
        yield from run_pool(runs, n_workers, progress)
        return
    keep_heap()
    for index, run in enumerate(runs):
        on_epoch = partial(progress, run.title, total=run.recipe.epochs)
        with threads(n_threads):
            outcome = run_one(run, torch_device, on_epoch)
        yield index, outcome


def check_workers(workers: int | None) -> None:
    """Refuse a number of runs at once that is below 1.

    Raises:
        ArgumentError: it is.
    """
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers must be at least 1, not {workers}")


def available_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
