"""Networks trained, and what they say put together: the scores that there were, and a row for each new member."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import cast

from lt_prune.config.compute import Compute
from lt_prune.engine import Outcome, Run, run_all
from lt_prune.progress import Progress, announce, tell
from lt_prune.reports.overall import Overall
from lt_prune.steps.enough import Enough
from lt_prune.steps.ensemble import foretold, of_all_members, with_held_out, with_member
from lt_prune.types import MetricScores, ScoreSet


class Gathering:
    """The networks that scores lack.

    Args:
        known: the scores that there are.
        left_out: runs that each leave out a fold.
        members: runs of members, in their order: first of those that lack some scores, then of new ones.
        auto: decides how many members are enough; None for all of them.
    """

    def __init__(self, known: ScoreSet, left_out: Sequence[Run], members: Sequence[Run], auto: Enough | None) -> None:
        self.known, self.left_out, self.members, self.auto = known, left_out, members, auto
        self.outcomes: list[Outcome] = []
        """Of the runs that were needed: those of folds, then members."""

    def trained(self, compute: Compute, progress: Progress) -> tuple[ScoreSet, list[str]]:
        """All scores, and why there are none of some metrics.

        Raises:
            LtPruneError: a run has failed.
        """
        if self.auto and self.auto.look(self.known, progress):
            self.members = self.members[: self._n_needed]
        runs = [*self.left_out, *self.members]
        overall = Overall.of(progress, {run.title: (run.recipe.epochs, len(run.rows)) for run in runs})
        ended: dict[int, Outcome] = {}
        with closing(cast("Generator[tuple[int, Outcome]]", run_all(runs, compute, progress=overall))) as outcomes:
            for index, outcome in outcomes:
                ended[index] = outcome
                tell(overall, runs[index].title, {"loss": outcome.loss, "seconds": outcome.seconds})
                if self.auto and self._is_enough(self.auto, ended, progress):
                    break
        self.outcomes = _in_a_row(ended)[: len(self.left_out) + self._n_needed if self._is_found else None]
        scores, refused = self._scores(self.outcomes)
        if self.auto and (saved := self.auto.saved(scores)):
            announce(progress, saved)
        return scores, list(refused.values())

    @property
    def _is_found(self) -> bool:
        return self.auto is not None and self.auto.found is not None

    @property
    def _n_needed(self) -> int:
        """How many runs of members are needed in any case: of those that there are, and of as many as are enough."""
        n_known = len(self.known.seeds)
        lacking = sum(run.seed in self.known.seeds for run in self.members)
        return lacking + max((self.auto.found or 0 if self.auto else 0) - n_known, 0)

    def _is_enough(self, auto: Enough, ended: Mapping[int, Outcome], progress: Progress) -> bool:
        """Whether what has ended suffices, looked at in the order of the runs and not in that of their ends."""
        outcomes = _in_a_row(ended)
        return len(outcomes) >= len(self.left_out) + self._n_needed and auto.look(self._scores(outcomes)[0], progress)

    def _scores(self, outcomes: Sequence[Outcome]) -> tuple[ScoreSet, dict[str, str]]:
        """The scores there were with those of so many runs, and why there are none of some metrics, by name."""
        of_folds, of_members = outcomes[: len(self.left_out)], outcomes[len(self.left_out) :]
        scored = [outcome.unwrap() for outcome in of_members]
        refused = {name: reason for each in scored for name, reason in each.refused.items()}
        scores, same = self.known, dict[str, MetricScores]()
        for run, outcome, each in zip(self.members, of_members, scored):
            same |= {name: row for name, row in each.rows.items() if name in each.same}
            rows = {**each.rows, **{name: row for name, row in same.items() if name in each.same}}
            scores = with_member(scores, run, {name: row for name, row in rows.items() if name not in refused}, outcome)
        if self.left_out:
            probabilities = foretold(self.left_out, of_folds, scores.index.n_samples)
            return with_held_out(scores, probabilities, of_folds), refused
        return of_all_members(scores), refused


def _in_a_row(ended: Mapping[int, Outcome]) -> list[Outcome]:
    """Outcomes of the first runs up to one that has not ended."""
    return [ended[i] for i in range(next(n for n in range(len(ended) + 1) if n not in ended))]
