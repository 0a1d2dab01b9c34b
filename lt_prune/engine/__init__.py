"""Training and prediction of networks. `run_all` is the one way to train: one network or many, on CPU or CUDA."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing

from lt_prune.config.compute import Compute
from lt_prune.engine.devices import n_workers, trained_at_once
from lt_prune.engine.executors.promised import find_executor, promised_outcomes
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.runs import Outcome, Run
from lt_prune.progress import Progress, no_progress

__all__ = ["Outcome", "Run", "check_executor", "in_workers", "run_all"]


def run_all(
    runs: Sequence[Run], compute: Compute, *, isolate: bool = False, progress: Progress = no_progress
) -> Iterator[tuple[int, Outcome]]:
    """Train every run, several at once, and yield (index, outcome) as each ends.

    A run that starts from another of them begins when the caller has taken the outcome of that one and asks for more; it
    fails where that one has failed. By default each has one thread of a worker process on the CPU, and on CUDA a stream of
    its own on one of the GPUs.

    Args:
        runs: what to train.
        compute: how, by which executor, and how many at once; its threads are those of a run that has this process to
            itself.
        isolate: on the CPU, in worker processes even where there is one run, so that no run takes the caller with it; an
            executor that was named decides that itself.
        progress: called as progress(title, epochs done, epochs in all).

    Raises:
        LtPruneError: the executor cannot be used; see `find_executor`.
        MemberError: the executor breaks its promise.
    """
    if not runs:
        return
    queue = RunQueue(runs)
    at_once = n_workers(queue, compute)
    name = compute.executor or _usual_executor(compute, max(at_once, 2) if isolate else at_once)
    with closing(promised_outcomes(name, queue, compute, progress)) as outcomes:
        for index, outcome in outcomes:
            yield index, outcome
            yield from queue.ended(index, outcome)


def check_executor(compute: Compute) -> None:
    """Refuse, before anything is done, an executor that cannot be used; errors are those of `find_executor`."""
    if compute.executor is not None:
        find_executor(compute.executor, compute)


def in_workers(compute: Compute, n_runs: int) -> bool:
    """Whether so many runs are trained in processes of their own, which map the images."""
    return (compute.executor or _usual_executor(compute, min(trained_at_once(compute, ()), n_runs))) == "processes"


def _usual_executor(compute: Compute, n_at_once: int) -> str:
    if compute.device != "cpu":
        return "cuda"
    return "processes" if os.name == "posix" and n_at_once > 1 else "session"
