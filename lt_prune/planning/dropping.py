"""What a pruning takes out first: samples whose label is doubtful, and copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lt_prune.choices import DROPS
from lt_prune.data.identity import originals
from lt_prune.errors import ArgumentError
from lt_prune.given import expect
from lt_prune.planning.commands import finite_scores, require_metric
from lt_prune.planning.forcing import Forced
from lt_prune.selections import highest_first
from lt_prune.types import Array, MetricScores, SampleIndex, ScoreSet, Subset

NOISE_BY, COPIES_BY = "label-noise", "near-duplicate"
SIMILARITY = 0.995
"""From which on two samples count as near-copies, as a cosine by every member: near to 1, as whole classes lie close
together where a network has learned them, and what is taken out wrongly is lost."""


@dataclass(frozen=True, kw_only=True)
class Drop:
    """What is taken out before the budget is shared out."""

    noisy: float | None = None
    """The share of the set whose labels are the most doubtful; None for none."""
    duplicates: float | None = None
    """The similarity from which on a near-copy goes, and exact ones besides; None for neither."""

    @staticmethod
    def of(given: str | Sequence[str] | None) -> Drop:
        """Of "noisy:0.01,duplicates", or of these parts in a list.

        Raises:
            ArgumentError: a part is not so, or is there twice.
        """
        expect("drop", given, (str, list, tuple, type(None)), "text such as 'noisy:0.01,duplicates'")
        parts = given.split(",") if isinstance(given, str) else given or ()
        found: dict[str, float] = {}
        for name, value in map(_part, parts):
            if name in found:
                raise ArgumentError(f"drop names {name} twice: give it once")
            found[name] = value
        return Drop(**found)

    def __bool__(self) -> bool:
        return self.noisy is not None or self.duplicates is not None

    @property
    def named(self) -> dict[str, str]:
        """What a strategy's name says of it."""
        return {name: str(value) for name in DROPS if (value := getattr(self, name)) is not None}

    def __str__(self) -> str:
        """As it may be given."""
        return ",".join(f"{name}:{value}" for name, value in self.named.items())

    def taken(self, index: SampleIndex, scores: ScoreSet | None, given: object, forced: Forced | None = None) -> Taken:
        """What is taken out of the samples of an index: what goes in any case, then copies, then noise, of which neither
        empties a class.

        Args:
            scores: of these samples.
            given: what they were given as, for messages.
            forced: what stays and what goes in any case.

        Raises:
            ArgumentError: the scores are missing or lack a metric, or so many cannot be taken out.
        """
        none = np.zeros(index.n_samples, dtype=bool)
        stays, gone = (forced.keep, forced.drop.copy()) if forced else (none, none.copy())
        numbers = {"forced": int(gone.sum())} if gone.any() else {}
        copies = self.copies(index, scores, given).among(~stays & ~gone) if self.duplicates is not None else None
        if copies:
            gone[copies.rows] = True
            numbers["duplicates"] = len(copies.rows)
        if self.noisy is not None:
            numbers["noisy"] = round(self.noisy * index.n_samples)
            doubt = _needed(scores, NOISE_BY, given).difficulty
            gone[_noisiest(index, doubt, gone | stays, numbers["noisy"])] = True
        return Taken(gone, numbers, copies)

    def copies(self, index: SampleIndex, scores: ScoreSet | None, given: object) -> Copies:
        """All but one of exact copies, and the near-copies of samples that come before. Arguments and errors are those of
        `taken`."""
        metric = _needed(scores, COPIES_BY, given)
        return _copies(index, metric, metric.least >= (SIMILARITY if self.duplicates is None else self.duplicates))


@dataclass(frozen=True, eq=False)
class Copies:
    """Samples that go as copies, and what each is a copy of."""

    rows: Array
    """int64 (R,), ascending."""
    of: Array
    """int64 (R,): -1 where the scores, which are of an earlier version, do not say it."""
    similarity: Array
    """float32 (R,): the cosine of the two by the member that finds them least alike; not a number for exact copies."""

    def among(self, chosen: Array) -> Copies:
        """Those of them that are among the chosen, bool (N,)."""
        own = chosen[self.rows]
        return Copies(self.rows[own], self.of[own], self.similarity[own])


@dataclass(frozen=True, eq=False)
class Taken:
    """What was taken out."""

    rows: Array
    """bool (N,)."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """How many, by why."""
    copies: Copies | None = None
    """Those that went as copies; None where none were looked for."""

    def require_room(self, n_remove: int) -> None:
        """Refuse to take out more than is removed in all.

        Raises:
            ArgumentError: it is more.
        """
        if (number := int(self.rows.sum())) > n_remove:
            n_samples = len(self.rows)
            told = " and ".join(f"{count:,} {name}" for name, count in self.numbers.items())
            raise ArgumentError(
                f"{told} are to be taken out first, and the ratio removes {n_remove:,} of {n_samples:,} samples: ask "
                f"for a ratio of {-(-number * 10**4 // n_samples) / 10**4:g} or more, or drop less"
            )


def _part(text: object) -> tuple[str, float]:
    """A word and its number; by default that of near-copies."""
    name, colon, value = str(text).strip().partition(":")
    if name not in DROPS or (name == "noisy" and not colon):
        raise ArgumentError(f"drop must be of noisy:SHARE and duplicates[:SIMILARITY], not {text!r}")
    try:
        number = float(value) if colon else SIMILARITY
    except ValueError:
        number = float("nan")
    if name == "noisy" and not 0 < number < 1:
        raise ArgumentError(f"noisy must be the share of the set that goes, in (0, 1), such as noisy:0.01, not {value!r}")
    if name == "duplicates" and not 0 < number <= 1:
        raise ArgumentError(f"duplicates must be a cosine of near-copies, in (0, 1], such as duplicates:0.99, not {value!r}")
    return name, number


def _needed(scores: ScoreSet | None, metric: str, given: object) -> MetricScores:
    if scores is None:
        raise ArgumentError(
            f"drop reads scores by {metric!r}: give a score file, which `lt-prune score --folds 5` makes with all of them"
        )
    require_metric(scores, metric, given)
    return finite_scores(scores, metric)


def copies_dropped(subset: Subset, scores: ScoreSet | None) -> Copies | None:
    """What went as copies before a subset was chosen; None where nothing did, or these are not the scores that told."""
    drop = Drop.of(subset.options.get("drop"))
    if drop.duplicates is None or scores is None or scores.digest != subset.options.get("scores"):
        return None
    return drop.copies(subset.index, scores, None).among(~subset.kept)


def _copies(index: SampleIndex, metric: MetricScores, near: Array) -> Copies:
    """All but one of exact copies, and what is near, bool (N,)."""
    pictures = originals(index.ids)
    order = np.lexsort((near, pictures))  # of each picture one that is no near-copy comes first, if there is one
    _, first, number = np.unique(pictures[order], return_index=True, return_inverse=True)
    stays = np.empty_like(order)
    stays[order] = order[first[number]]
    repeated = stays != np.arange(len(stays))
    rows = np.flatnonzero(near | repeated)
    nearest = np.full(len(stays), -1) if metric.nearest is None else metric.nearest
    return Copies(rows, np.where(repeated, stays, nearest)[rows], np.where(repeated, np.nan, metric.least)[rows])


def _noisiest(index: SampleIndex, doubt: Array, gone: Array, number: int) -> Array:
    """Rows of so many whose labels are the most doubtful; the least doubtful of each class stays."""
    order = highest_first(doubt)
    order = order[~gone[order]]
    _, last = np.unique(index.labels[order][::-1], return_index=True)
    may_go = np.delete(order, len(order) - 1 - last)
    if number > len(may_go):
        raise ArgumentError(
            f"{number:,} noisy samples are to be taken out, and {len(may_go):,} can be without emptying a class: drop less"
        )
    return may_go[:number]
