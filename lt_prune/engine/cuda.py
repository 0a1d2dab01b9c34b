"""Runs in this process, taking turns step by step; on CUDA each has a stream of its own, and the GPU does them at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import torch

from lt_prune.config.compute import Arithmetic
from lt_prune.engine.attempts import Attempts
from lt_prune.engine.precision import multiplying
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.session import run_steps
from lt_prune.engine.shared import Shared
from lt_prune.progress import Progress
from lt_prune.registry import described

_MOST = 32
"""Streams that torch has: it hands out the first one again after the last."""


def run_side_by_side(
    runs: Sequence[Run], n_streams: int, progress: Progress, arithmetic: Arithmetic
) -> Iterator[tuple[int, Outcome]]:
    """Train every run, `n_streams` of them side by side, and yield (index, outcome) as each ends.

    A run's numbers do not depend on the others: each has its own network, generators and, on CUDA, graphs and memory pool.
    On CUDA a run that dies (out of memory, for one) is tried once more, from its checkpoint where it has one, and the others
    go on; on the CPU that is what worker processes are for, and the error is the caller's.
    """
    device, n_streams = torch.device(arithmetic.device), min(n_streams, len(runs), _MOST)
    waiting, free = deque(enumerate(runs)), [_stream(device) for _ in range(n_streams)]
    active: deque[_Active] = deque()  # the first one has the next turn
    attempts, shared = Attempts(), Shared(device, n_streams)
    try:
        while waiting or active:
            while waiting and free:
                active.append(_Active(*waiting.popleft(), free.pop(), shared, arithmetic))
            each = active[0]
            ended = each.turn()
            while each.epochs:  # reported after the turn, as an error that `progress` raises is not one of the run
                progress(each.run.title, each.epochs.popleft(), each.run.recipe.epochs)
            if ended is None:  # one step each, so that the GPU has a step of every run to do
                active.rotate(-1)
                continue
            free.append(active.popleft().stream)
            outcome = attempts.died(each.index, each.run, ended) if isinstance(ended, str) else ended
            if outcome:
                yield each.index, outcome
            else:
                waiting.append((each.index, each.run))
    finally:
        for each in active:  # the caller has stopped early, or an error is on its way
            each.close()
        if device.type == "cuda":
            torch.cuda.synchronize(device)  # before the images that all of them read are given back


class _Active:
    """A run that is being trained, on a stream of its own."""

    def __init__(
        self, index: int, run: Run, stream: torch.cuda.Stream | None, shared: Shared, arithmetic: Arithmetic
    ) -> None:
        self.index, self.run, self.stream, self.device = index, run, stream, shared.device
        self.precision = arithmetic.precision
        self.epochs: deque[float] = deque()
        """Numbers of epochs done that are not reported yet."""
        self._steps = run_steps(run, arithmetic, self._on_epoch, shared)

    def _on_epoch(self, *, done: float) -> None:
        self.epochs.append(done)

    def turn(self) -> Outcome | str | None:
        """Make a step: None where more are to come, otherwise how the run ended; in words where by an unexpected error."""
        try:
            # Launching does not wait for the GPU, so while one stream works the others are given their steps. The
            # stream and the precision are torch's current ones, and hold for this turn alone.
            with torch.cuda.stream(self.stream), multiplying(self.device, self.precision):
                next(self._steps)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        except Exception as error:
            if self.device.type == "cpu":
                raise
            return described(error)  # in words, as the error itself would keep the run's frames, and so its memory
        return None

    def close(self) -> None:
        """Release what the run holds: on its own stream, where its graphs were captured."""
        with torch.cuda.stream(self.stream):
            self._steps.close()


def _stream(device: torch.device) -> torch.cuda.Stream | None:
    """A stream of its own; None, which means nothing to `torch.cuda.stream`, where there are no streams."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
