"""Training and prediction of networks. `run_all` is the one way to train: one network or many, on CPU or CUDA."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from lt_prune.engine.devices import arithmetic, n_at_once
from lt_prune.engine.pool import run_pool
from lt_prune.engine.runs import Outcome, Run
from lt_prune.errors import ArgumentError
from lt_prune.machine import available_cores
from lt_prune.types import Progress, no_progress

__all__ = ["Outcome", "Run", "check_options", "run_all"]


def run_all(
    runs: Sequence[Run],
    device: str = "auto",
    *,
    workers: int | None = None,
    isolate: bool = False,
    n_threads: int | None = 1,
    precision: str = "tf32",
    compiled: bool = False,
    progress: Progress = no_progress,
) -> Iterator[tuple[int, Outcome]]:
    """Train every run, several at once, and yield (index, outcome) as each ends.

    On the CPU each run has one thread of a worker process, on CUDA a stream of its own.

    Args:
        runs: what to train.
        device: "auto", "cpu" or "cuda".
        workers: how many at once; by default one a CPU core, or 4 on a GPU, fewer where images are large. On the CPU it
            changes no number of any result; on a GPU it is meant to change none, which no GPU has confirmed yet.
        isolate: on the CPU, in worker processes even where there is one run, so that no run takes the caller with it.
        n_threads: CPU threads of a run that has this process to itself; None for as many as torch takes.
        precision: on CUDA, "tf32", "fp32" or "bf16" (by autocast); the CPU always computes in float32.
        compiled: by torch.compile, which takes half a minute before it gains anything.
        progress: called as progress(title, epochs done, epochs in all).

    Raises:
        ArgumentError: there is no such device or precision, or workers or n_threads is below 1.
    """
    how = arithmetic(device, precision, compiled)
    check_options(workers=workers, n_threads=n_threads)
    if not runs:
        return
    on_cpu = how.device == "cpu"
    n_workers = min(workers or (available_cores() if on_cpu else n_at_once(run.pixels for run in runs)), len(runs))
    if on_cpu and os.name == "posix" and (n_workers > 1 or isolate):
        yield from run_pool(runs, n_workers, progress, compiled=compiled)
        return
    from lt_prune.engine.here import run_here

    yield from run_here(
        runs,
        how.device,
        1 if on_cpu else n_workers,
        progress,
        n_threads=n_threads,
        precision=how.precision,
        compiled=compiled,
    )


def check_options(*, workers: int | None = None, n_threads: int | None = None) -> None:
    """Refuse options of `run_all` that no machine could make right.

    Raises:
        ArgumentError: workers or n_threads is below 1.
    """
    for name, value in (("workers", workers), ("n_threads", n_threads)):
        if value is not None and value < 1:
            raise ArgumentError(f"{name} must be at least 1, not {value}")
