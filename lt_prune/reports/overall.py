"""How much of the work of many runs is done."""

from __future__ import annotations

from collections.abc import Mapping

from lt_prune.progress import ALL_RUNS, Progress, announce, tell


class Overall:
    """A progress of runs that tells another one of each of them, and where there are several, of all together as "all runs".

    Work is counted in images trained on, as a pruned run's epochs are shorter; both stages of a method are runs. What was
    done before, by an earlier call, is no work.

    Args:
        progress: what is told.
        work: epochs and images an epoch of each run.
    """

    def __init__(self, progress: Progress, work: Mapping[str, tuple[int, int]]) -> None:
        self._progress = progress
        self._images: dict[str, int] = {}
        self._left: dict[str, float] = {}
        self._begun: set[str] = set()
        self._done = 0.0
        self.expect(work)

    @classmethod
    def of(cls, progress: Progress, work: Mapping[str, tuple[int, int]]) -> Overall:
        """The caller's own, which then counts this work too, or else one of this work alone."""
        if not isinstance(progress, cls):
            return cls(progress, work)
        progress.expect(work)
        return progress

    def expect(self, work: Mapping[str, tuple[int, int]]) -> None:
        """Count these runs, too; what is known of one that is counted already stands."""
        for what, (epochs, images) in work.items():
            self._images.setdefault(what, images)
            self._left.setdefault(what, epochs * images)

    def __call__(self, what: str, done: float, total: int) -> None:
        """Take note of a run's epochs."""
        left = self._images[what] * (total - done)
        if what in self._begun:
            self._done += self._left[what] - left
        self._begun.add(what)
        self._left[what] = left
        in_all = round(self._done + sum(self._left.values()))
        if len(self._left) > 1 and in_all:  # none where a kill left nothing to do but the results
            self._progress(ALL_RUNS, round(self._done), in_all)
        self._progress(what, done, total)

    def end(self, what: str) -> None:
        """A run has ended, or was finished before; what is left of it will not be done."""
        if self._left[what] and what in self._begun and len(self._left) > 1:  # one by itself ends with its caller
            self._progress(what, 0, 0)
        self._left[what] = 0

    def announce(self, sentence: str) -> None:
        """Tell a sentence."""
        announce(self._progress, sentence)

    def follow(self, what: str, known: object) -> None:
        """Tell what is known of a run."""
        tell(self._progress, what, known)
