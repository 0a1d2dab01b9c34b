"""How many members of an ensemble are enough: as many as two halves of which keep the same samples."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lt_prune.errors import ArgumentError
from lt_prune.measures import jaccard
from lt_prune.metrics import HELD_OUT
from lt_prune.planning.pruning import check_ranking
from lt_prune.progress import Progress, announce
from lt_prune.steps.prune import check_ratio, choose
from lt_prune.types import Array, ScoreSet

MOST = 10
"""Members that are trained at most: as many as there are where nothing is asked for, so that asking never costs more."""


def most_members(members: int | str) -> int:
    """How many there may come to be, of so many asked for or of "auto"."""
    return MOST if isinstance(members, str) else members


@dataclass(eq=False)
class Enough:
    """Looks at the members in their order, two by two, until two halves of them agree: what is found does not depend on the
    order in which they arrive.

    Args:
        metric: what is ranked by.
        ratio: the fraction to remove, as `ranked` removes it.
        stable: what both halves keep, as a share of what either keeps, from which on they agree.

    Raises:
        ArgumentError: nothing can be ranked by the metric, members do not differ in it, or a number is out of range.
    """

    metric: str
    ratio: float
    stable: float
    overlaps: dict[int, float] = field(default_factory=dict, init=False)
    """By the number of members that were looked at."""
    found: int | None = field(default=None, init=False)
    """How many are enough; None while they are not."""

    def __post_init__(self) -> None:
        check_ranking(self.metric)
        check_ratio(self.ratio)
        if not isinstance(self.stable, (int, float)) or not 0 < self.stable <= 1:
            raise ArgumentError(f"stable must be a share in (0, 1], not {self.stable!r}")
        if self.metric in HELD_OUT:
            raise ArgumentError(f"members do not differ in {self.metric!r}: name another metric first, or so many members")

    def look(self, scores: ScoreSet, progress: Progress) -> bool:
        """Whether the members that there are suffice."""
        n_members = len(scores.metrics[self.metric].per_member) if self.metric in scores.metrics else 0
        for k in range(2, n_members + 1, 2):
            if self.found is None and k not in self.overlaps:
                share = jaccard(self._kept(scores, 0, k), self._kept(scores, 1, k))
                self.overlaps[k] = share
                self.found = k if share >= self.stable else None
                announce(progress, f"{k} members: at {self.ratio:g} both halves keep {share:.3f} of what either keeps")
        return self.found is not None

    def _kept(self, scores: ScoreSet, first: int, k: int) -> Array:
        """bool (N,): what every second of k members keep."""
        metric = scores.metrics[self.metric]
        half = replace(metric, per_member=metric.per_member[first:k:2])
        of_half = replace(scores, metrics={self.metric: half})
        return choose(ratio=self.ratio, scores=of_half, metric=self.metric).kept

    def saved(self, scores: ScoreSet) -> str:
        """What was not trained, in words; "" where nothing was saved."""
        if self.found is None or len(scores.seeds) >= MOST:
            return ""
        left = MOST - len(scores.seeds)
        return (
            f"{len(scores.seeds)} members are enough: {left} fewer, about {left * scores.seconds.mean():.0f} s of training"
        )

    def warnings(self, scores: ScoreSet) -> list[str]:
        """That there are not enough."""
        if self.found is not None:
            return []
        last = max(self.overlaps, default=0)
        return [
            f"{last} members are not enough by {self.metric}: at {self.ratio:g} both halves keep "
            f"{self.overlaps.get(last, 0):.3f} of what either keeps, and {self.stable:g} was asked for; ask for more by "
            f"--members {2 * len(scores.seeds)}, or for less by --stable"
        ]
