"""Runs in this process, taking turns step by step; on CUDA each has a stream of its own, and the GPU does them at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from functools import partial

import torch

from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.solo import run_steps
from lt_prune.types import Progress


def run_streams(
    runs: Sequence[Run], device: torch.device, n_streams: int, progress: Progress, *, precision: str, compiled: bool
) -> Iterator[tuple[int, Outcome]]:
    """Train every run, `n_streams` of them side by side, and yield (index, outcome) as each ends.

    A run's numbers do not depend on the others: each has its own network, generators and, on CUDA, graph and memory pool.
    """
    waiting = deque(enumerate(runs))
    free = [_stream(device) for _ in range(min(n_streams, len(runs)))]
    active: deque[tuple[int, Generator[None, None, Outcome], torch.cuda.Stream | None]] = deque()
    while waiting or active:
        while waiting and free:
            index, run = waiting.popleft()
            on_epoch = partial(progress, run.title, total=run.recipe.epochs)
            active.append((index, run_steps(run, device, on_epoch, precision=precision, compiled=compiled), free.pop()))
        index, steps, stream = active.popleft()
        try:
            with torch.cuda.stream(stream):
                next(steps)
        except StopIteration as end:
            free.append(stream)
            yield index, end.value
        else:
            active.append((index, steps, stream))


def _stream(device: torch.device) -> torch.cuda.Stream | None:
    """A stream of its own; None, which means nothing to `torch.cuda.stream`, where there are no streams."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
