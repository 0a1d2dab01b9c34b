"""Runs in this process, with its own threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lt_prune.compute import Compute
from lt_prune.engine.memory import keep_heap
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.solo import threads
from lt_prune.engine.streams import run_streams
from lt_prune.types import Progress


def run_here(runs: Sequence[Run], n_streams: int, progress: Progress, compute: Compute) -> Iterator[tuple[int, Outcome]]:
    """Train every run, `n_streams` of them side by side; see `lt_prune.engine.run_all`."""
    keep_heap()
    with threads(compute.n_threads):
        yield from run_streams(runs, n_streams, progress, compute.arithmetic)
