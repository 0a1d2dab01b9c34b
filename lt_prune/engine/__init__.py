"""Training and prediction of networks. `run_all` is the one way to train: one network or many, on CPU or CUDA."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from lt_prune.config.compute import Compute
from lt_prune.engine.devices import n_at_once
from lt_prune.engine.pool import run_pool
from lt_prune.engine.runs import Outcome, Run
from lt_prune.machine import available_cores
from lt_prune.progress import Progress, no_progress
from lt_prune.types import Pixels

__all__ = ["Outcome", "Run", "in_workers", "run_all", "trained_at_once"]


def run_all(
    runs: Sequence[Run], compute: Compute, *, isolate: bool = False, progress: Progress = no_progress
) -> Iterator[tuple[int, Outcome]]:
    """Train every run, several at once, and yield (index, outcome) as each ends.

    On the CPU each run has one thread of a worker process, on CUDA a stream of its own.

    Args:
        runs: what to train.
        compute: how, and how many at once; its threads are those of a run that has this process to itself.
        isolate: on the CPU, in worker processes even where there is one run, so that no run takes the caller with it.
        progress: called as progress(title, epochs done, epochs in all).
    """
    if not runs:
        return
    on_cpu = compute.device == "cpu"
    n_workers = min(trained_at_once(compute, (run.pixels for run in runs)), len(runs))
    if on_cpu and os.name == "posix" and (n_workers > 1 or isolate):
        yield from run_pool(runs, n_workers, progress, compute.arithmetic)
        return
    from lt_prune.engine.local import run_local

    yield from run_local(runs, 1 if on_cpu else n_workers, progress, compute)


def in_workers(compute: Compute, n_runs: int) -> bool:
    """Whether so many runs are trained in processes of their own, which map the images."""
    return compute.device == "cpu" and os.name == "posix" and min(trained_at_once(compute, ()), n_runs) > 1


def trained_at_once(compute: Compute, images: Iterable[Pixels]) -> int:
    """Runs on such images (N, H, W, C) that are trained at once where there are enough of them."""
    return compute.workers or (available_cores() if compute.device == "cpu" else n_at_once(images))
