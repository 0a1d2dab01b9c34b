"""Runs in this process, with its own threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lt_prune.config.compute import Compute
from lt_prune.engine.cuda import run_side_by_side
from lt_prune.engine.memory import keep_heap
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.session import threads
from lt_prune.progress import Progress


def run_local(runs: Sequence[Run], n_streams: int, progress: Progress, compute: Compute) -> Iterator[tuple[int, Outcome]]:
    """Train every run, `n_streams` of them side by side; see `lt_prune.engine.run_all`."""
    keep_heap()
    with threads(compute.n_threads):
        yield from run_side_by_side(runs, n_streams, progress, compute.arithmetic)
