"""Runs in this process, side by side on every GPU, each on a stream of its own."""

from __future__ import annotations

from lt_prune.config.compute import Compute
from lt_prune.engine.devices import devices_of, n_workers, spread
from lt_prune.engine.executors import Executor, Outcomes
from lt_prune.engine.executors.session import execute_on
from lt_prune.engine.run_queue import RunQueue
from lt_prune.progress import Progress


def execute(runs: RunQueue, compute: Compute, progress: Progress) -> Outcomes:
    """As evenly as possible on the GPUs that the device stands for."""
    devices = spread(devices_of(compute.device), n_workers(runs, compute))
    yield from execute_on(devices, runs, compute, progress)


def _refuses(compute: Compute) -> str:
    return "it trains on GPUs, and the device is the CPU" if compute.device == "cpu" else ""


cuda = Executor(execute=execute, refuses=_refuses)
