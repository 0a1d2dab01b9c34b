"""Training and prediction of networks. `run_all` is the one way to train: one network or many, on CPU or CUDA."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from lt_prune.config.compute import Compute
from lt_prune.engine.devices import n_at_once
from lt_prune.engine.pool import run_pool
from lt_prune.engine.runs import Outcome, Run
from lt_prune.machine import available_cores
from lt_prune.progress import Progress, no_progress

__all__ = ["Outcome", "Run", "run_all"]


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
    at_once = compute.workers or (available_cores() if on_cpu else n_at_once(run.pixels for run in runs))
    n_workers = min(at_once, len(runs))
    if on_cpu and os.name == "posix" and (n_workers > 1 or isolate):
        yield from run_pool(runs, n_workers, progress, compute.arithmetic)
        return
    from lt_prune.engine.local import run_local

    yield from run_local(runs, 1 if on_cpu else n_workers, progress, compute)
