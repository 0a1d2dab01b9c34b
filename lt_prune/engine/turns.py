"""Runs in this process, taking turns step by step; on CUDA each has a stream of its own, and the GPUs do them at once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Sequence

import torch

from lt_prune.config.compute import Arithmetic
from lt_prune.engine.precision import multiplying
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.session import run_steps, threads
from lt_prune.engine.shared import Shared
from lt_prune.progress import Epoch, Progress, no_progress, tell
from lt_prune.registry import described


def run_in_turns(
    runs: RunQueue, devices: Sequence[str], progress: Progress, arithmetic: Arithmetic
) -> Generator[tuple[int, Outcome], None, None]:
    """Train every run, as many side by side as there are `devices`, and yield (index, outcome) as each ends.

    A run's numbers do not depend on the others: each has its own network, generators and, on CUDA, graphs and memory pool.
    On CUDA a run that dies (out of memory, for one) is tried once more, from its checkpoint where it has one, and the others
    go on; on the CPU that is what worker processes are for, and the error is the caller's.

    Args:
        devices: one for each run at a time, such as ["cuda:0", "cuda:1", "cuda:0", "cuda:1"].
    """
    shared = {device: Shared(torch.device(device), len(devices)) for device in devices}
    free = [_Lane(shared[device]) for device in devices]
    active: deque[_Active] = deque()  # the first one has the next turn
    try:
        while True:
            while free and (taken := runs.take()):
                active.append(_Active(*taken, _least_busy(free, active), arithmetic))
            if not active:
                break
            each = active[0]
            ended = each.turn()
            while each.epochs:  # reported after the turn, as an error that `progress` raises is not one of the run
                done, last = each.epochs.popleft()
                if last:
                    tell(progress, each.run.title, last)
                progress(each.run.title, done, each.run.recipe.epochs)
            if ended is None:  # one step each, so that a GPU has a step of every run to do
                active.rotate(-1)
                continue
            free.append(active.popleft().lane)
            outcome = runs.died(each.index, ended) if isinstance(ended, str) else ended
            if outcome:
                yield each.index, outcome
    finally:
        for each in active:  # the caller has stopped early, or an error is on its way
            each.close()
        for one in shared.values():
            if one.device.type == "cuda":
                torch.cuda.synchronize(one.device)  # before the images that all of its runs read are given back


def run_alone(run: Run, arithmetic: Arithmetic, progress: Progress = no_progress) -> Outcome:
    """Train one run in this process, by one CPU thread, as workers do; arguments are those of `run_in_turns`."""
    with threads(1):
        ((_, outcome),) = run_in_turns(RunQueue([run]), [arithmetic.device], progress, arithmetic)
    return outcome


class _Lane:
    """Where one run at a time is trained: on a stream of its device, or on the CPU, which has none."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.device = shared, shared.device
        self.stream = stream_of(shared.device)


def _least_busy(free: list[_Lane], active: Iterable[_Active]) -> _Lane:
    """Take the free lane of the device that trains the fewest runs; of several the first."""
    n_runs = Counter(each.lane.device for each in active)
    return free.pop(min(range(len(free)), key=lambda place: n_runs[free[place].device]))


class _Active:
    """A run that is being trained."""

    def __init__(self, index: int, run: Run, lane: _Lane, arithmetic: Arithmetic) -> None:
        self.index, self.run, self.lane = index, run, lane
        self.precision = arithmetic.precision
        self.epochs: deque[tuple[float, Epoch | None]] = deque()
        """Numbers of epochs done that are not reported yet, and what is known of those that have ended."""
        self._steps = run_steps(run, arithmetic, self._on_epoch, lane.shared)

    def _on_epoch(self, *, done: float, ended: Epoch | None = None) -> None:
        self.epochs.append((done, ended))

    def turn(self) -> Outcome | str | None:
        """Make a step: None where more are to come, otherwise how the run ended; in words where by an unexpected error."""
        try:
            # Launching does not wait for the GPU, so while one stream works the others are given their steps. The
            # stream, its device and the precision are torch's current ones, and hold for this turn alone.
            with torch.cuda.stream(self.lane.stream), multiplying(self.lane.device, self.precision):
                next(self._steps)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        except Exception as error:
            if self.lane.device.type == "cpu":
                raise
            return described(error)  # in words, as the error itself would keep the run's frames, and so its memory
        return None

    def close(self) -> None:
        """Release what the run holds: on its own stream, where its graphs were captured."""
        with torch.cuda.stream(self.lane.stream):
            self._steps.close()


def stream_of(device: torch.device) -> torch.cuda.Stream | None:
    """A stream of its own; None, which means nothing to `torch.cuda.stream`, where there are no streams."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
