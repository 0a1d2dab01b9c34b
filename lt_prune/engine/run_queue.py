"""Runs that are to be trained: which one is next, and what becomes of one that dies."""

from __future__ import annotations

import warnings
from collections import Counter, deque
from collections.abc import Iterator, Sequence

from lt_prune.engine.runs import Outcome, Run
from lt_prune.errors import LtPruneError

ATTEMPTS = 2
REMEDY = "train fewer networks at once with --workers, or smaller batches with --batch-size"
"""What to do where memory ran out, besides what an image's size is due to."""


class RunQueue:
    """Runs in the order in which an executor is to begin them: each as soon as the run that it starts from has ended.

    A run starts from another of these where its `start` is the other's `checkpoint`. Runs that others start from come first,
    and a run whose first stage has just ended comes next, so that a chain of two is not begun when all else is done.

    An executor calls `take` and `died`, and yields outcomes. The engine calls `ended` once its caller has taken an outcome
    and written what there is to write: a second stage needs the result of its first, not just the weights.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = list(runs)
        self._seconds: dict[int, list[int]] = {}
        """Runs that start from each one; a run is known by its place among the runs."""
        place = {run.checkpoint: index for index, run in enumerate(runs) if run.checkpoint}
        at_once = []
        for index, run in enumerate(runs):
            if run.start in place:
                self._seconds.setdefault(place[run.start], []).append(index)
            else:
                at_once.append(index)
        self._ready = deque(sorted(at_once, key=lambda index: index not in self._seconds))
        self._died: Counter[int] = Counter()
        self.at_work: set[int] = set()
        """Those that were taken and have not ended."""
        self.n_left = len(runs)
        """How many have not ended."""
        self.most_at_once = sum(map(self._width, at_once))
        """How many can be at work at the same time: none is while the one that it starts from is."""

    def __iter__(self) -> Iterator[Run]:
        """All of them, in the order given."""
        return iter(self._runs)

    def take(self) -> tuple[int, Run] | None:
        """The next run to begin, after its place among the runs; None where there is none until another has ended."""
        if not self._ready:
            return None
        index = self._ready.popleft()
        self.at_work.add(index)
        return index, self._runs[index]

    def died(self, index: int, why: str) -> Outcome | None:
        """The failure of a run that an unexpected error has ended; None, and a warning, where it is to be taken once more.

        Args:
            why: in words.
        """
        title = self._runs[index].title
        self._died[index] += 1
        if self._died[index] == ATTEMPTS:
            remedy = f"; {REMEDY}" if "out of memory" in why else ""
            return Outcome(failure=LtPruneError(f"{title} failed {ATTEMPTS} times: {why}{remedy}"))
        warnings.warn(f"{title}: {why}; it is tried once more", stacklevel=3)
        self.at_work.remove(index)
        self._ready.append(index)
        return None

    def ended(self, index: int, outcome: Outcome) -> Iterator[tuple[int, Outcome]]:
        """Take note of an outcome; what starts from a failed run fails with it, and is yielded as executors yield."""
        self.at_work.discard(index)
        self.n_left -= 1
        seconds = self._seconds.get(index, [])
        if not outcome.failure:
            for second in seconds:
                self._runs[second] = self._runs[second].after(outcome)
            self._ready.extendleft(reversed(seconds))
            return
        for second in seconds:
            failed = Outcome(failure=LtPruneError(f"its first stage failed: {outcome.failure}"))
            yield second, failed
            yield from self.ended(second, failed)

    def _width(self, index: int) -> int:
        return max(1, sum(map(self._width, self._seconds.get(index, []))))
