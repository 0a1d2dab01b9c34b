"""Runs in this process, with its own threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from lt_prune.engine.memory import keep_heap
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.solo import threads
from lt_prune.engine.streams import run_streams
from lt_prune.types import Progress


def run_here(
    runs: Sequence[Run],
    device: str,
    n_streams: int,
    progress: Progress,
    *,
    n_threads: int | None,
    precision: str,
    compiled: bool,
) -> Iterator[tuple[int, Outcome]]:
    """Train every run, `n_streams` of them side by side; see `lt_prune.engine.run_all`."""
    keep_heap()
    with threads(n_threads):
        yield from run_streams(runs, torch.device(device), n_streams, progress, precision=precision, compiled=compiled)
