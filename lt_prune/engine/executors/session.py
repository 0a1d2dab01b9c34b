"""Runs in this process, with its own threads, one after another."""

from __future__ import annotations

from collections.abc import Sequence

from lt_prune.config.compute import Compute
from lt_prune.engine.devices import devices_of
from lt_prune.engine.executors import Executor, Outcomes
from lt_prune.engine.memory import keep_heap
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.session import threads
from lt_prune.engine.turns import run_in_turns
from lt_prune.progress import Progress


def execute(runs: RunQueue, compute: Compute, progress: Progress) -> Outcomes:
    """On the CPU, or on the first GPU that may be used."""
    yield from execute_on(devices_of(compute.device)[:1], runs, compute, progress)


def execute_on(devices: Sequence[str], runs: RunQueue, compute: Compute, progress: Progress) -> Outcomes:
    """On so many devices at once; see `run_in_turns`."""
    keep_heap()
    with threads(compute.n_threads):
        yield from run_in_turns(runs, devices, progress, compute.arithmetic)


session = Executor(execute=execute)
