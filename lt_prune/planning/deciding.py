"""What a strategy decides on, as it was given: scores, recall, features, another subset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.choices import KEEP, WITHIN
from lt_prune.errors import ArgumentError
from lt_prune.given import expect_one_of
from lt_prune.metrics import OF_TEST
from lt_prune.planning.commands import finite_scores, require_metric
from lt_prune.planning.dropping import Drop, Taken
from lt_prune.planning.forcing import Forced
from lt_prune.planning.pruning import RECALL_BY, Pruning, check_ranking, metrics_read
from lt_prune.store.recall import read_recall
from lt_prune.strategies.pair import OF_SAMPLES
from lt_prune.types import Array, SampleIndex, ScoreSet, Subset

CONFIDENCE_BY = ("mean-confidence", "self-confidence")
"""Metrics that are the mean probability of a sample's own class, over the training or after it; the first that there is
counts."""
Recall = Path | str | Sequence[float] | Array
"""A csv file, or a number a class."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What there is for a strategy on the samples of an index.

    Raises:
        ArgumentError: something is given that the strategy does not read, or cannot have its value.
    """

    asked: Pruning
    index: SampleIndex
    scores: ScoreSet | None
    """Of these samples."""
    given_scores: object
    """What the scores were given as, for messages."""
    metric: str | None
    keep: str | None
    within: str | None
    recall: Recall | None
    features: Array | None
    samples: object
    """Those of the set, where they were opened as features."""
    like: Subset | None
    """Of these samples."""
    drop: Drop = field(default_factory=Drop)
    """What is taken out first."""
    forced: Forced
    """What is kept and what is removed in any case."""

    def __post_init__(self) -> None:
        strategy, name = self.asked.strategy, self.asked.base
        ends = strategy.takes_ends
        ranks = self.metric in metrics_read(strategy, [self.metric or ""])
        reads = {"metric": ranks, "keep": ends, "within": ends}
        if given := [option for option, read in reads.items() if getattr(self, option) and not read]:
            without = "" if strategy.needs else "reads no scores and "
            raise ArgumentError(f"strategy {name!r} {without}takes no --{given[0]}: leave it out, or use ranked")
        for need in ("recall", "features"):
            if getattr(self, need) is not None and need not in strategy.needs:
                raise ArgumentError(f"strategy {name!r} does not read {need}: leave it out")
        expect_one_of("keep", self.ends[0], KEEP)
        expect_one_of("within", self.ends[1], WITHIN)

    @property
    def ends(self) -> tuple[Any, Any]:
        """Which end is kept, and within what."""
        return self.keep or "hard", self.within or "set"

    def fields(self, rows: Array) -> dict[str, Any]:
        """Those of a request on the samples at these rows that the strategy needs.

        Raises:
            UnknownNameError: there is no such metric.
            ArgumentError: something is missing, or not what it must be.
        """
        found = {
            "scores": ("difficulty", self._difficulty),
            "confidence": ("confidence", self._confidence),
            "recall": ("recall", self._recall),
            "features": ("features", self._features),
            "subset": ("like", self._like),
        }
        keep, within = self.ends
        own = {name: read() for need, (name, read) in found.items() if need in self.asked.strategy.needs}
        own = {name: value[rows] if name in OF_SAMPLES else value for name, value in own.items()}
        return {"keep": keep, "within": within, "settings": self.asked.settings, **own}

    def decided(self) -> dict[str, Any]:
        """What a subset says of how it was chosen, besides its ratio and its seed."""
        said: dict[str, Any] = {}
        if parts := self.asked.strategy.parts(*self.ends):
            said |= {"budget": parts[0], "selection": parts[1], "settings": dict(self.asked.settings)}
        if self.like:
            said |= {"like": self.like.digest}
        if self.recall is not None:
            said |= {"recall": self._recall().tolist()}
        if self.scores and (metric := self._metric()):
            said |= {"metric": metric}
        if self.drop:
            said |= {"drop": str(self.drop), "dropped": dict(self.taken.numbers)}
        said |= self.forced.told(self.index)
        if self.scores and (self._metric() or self.drop):
            said |= _made_by(self.scores, ranked=self._metric() is not None)
        return said | (dict(zip(("keep", "within"), self.ends)) if self.asked.strategy.takes_ends else {})

    def name(self) -> str:
        """That of the strategy, with what differs from its defaults; what is too long for a name is there by its digest."""
        arrays = {"recall": None if self.recall is None else self._recall(), "features": self.features}
        digests = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items() if array is not None}
        digests |= {"as": self.like.digest} if self.like else {}
        digests |= self.forced.digests(self.index)
        return self.asked.named({**{name: digest[:8] for name, digest in digests.items()}, **self.drop.named})

    @cached_property
    def taken(self) -> Taken:
        """What is taken out first.

        Raises:
            ArgumentError: as `Drop.taken` does.
        """
        return self.drop.taken(self.index, self.scores, self.given_scores, self.forced)

    def _metric(self) -> str | None:
        """What is ranked by, or tells the recall; None where no scores are read."""
        read = metrics_read(self.asked.strategy, [self._named()])
        return read[0] if read and (read[0] != RECALL_BY or self.recall is None or self.metric) else None

    def _named(self) -> str:
        """The metric that is ranked by, where scores are."""
        return self.metric or (self.scores.main if self.scores else "avh")

    def _difficulty(self) -> Array:
        """float32 (N,)."""
        metric = self._named()
        if metric in OF_TEST:
            check_ranking(metric)
        require_metric(self._scores(), metric, self.given_scores)
        return finite_scores(self._scores(), metric).difficulty

    def _confidence(self) -> Array:
        """float32 (N,): the mean probability of each sample's own class."""
        scores = self._scores()
        metric = next((each for each in CONFIDENCE_BY if each in scores.metrics), None)
        if metric is None:
            raise ArgumentError(
                f"strategy {self.asked.base!r} needs the mean probability of each sample's own class, and the scores have "
                f"only {', '.join(scores.metrics)}: score by {CONFIDENCE_BY[0]} or {CONFIDENCE_BY[1]}, too"
            )
        return finite_scores(scores, metric).mean

    def _recall(self) -> Array:
        """float64 (M,): as given, or the share of each class that members are right about, by the sign of their margins."""
        if self.recall is not None:
            return self._given_recall(self.recall)
        if self.scores and self.scores.published:
            raise ArgumentError(
                f"strategy {self.asked.base!r} needs the recall of each class, which means over members do not tell: give "
                f"it by --recall, or name a score file of every member by --scores"
            )
        if self.scores is None or RECALL_BY not in self.scores.metrics:
            raise ArgumentError(
                f"strategy {self.asked.base!r} needs the recall of each class: give it, a number a class, or scores by "
                f"{RECALL_BY!r}, which tell it of the samples that members were trained on"
            )
        margin = finite_scores(self.scores, RECALL_BY)
        right = margin.per_member < 0 if margin.higher_is_harder else margin.per_member > 0
        sums = np.bincount(self.index.labels, weights=right.mean(axis=0), minlength=self.index.n_classes)
        return np.asarray(sums / np.maximum(self.index.counts, 1))

    def _given_recall(self, recall: Recall) -> Array:
        given: Any = read_recall(recall, self.index.class_names) if isinstance(recall, (str, Path)) else recall
        try:
            found = np.array(given, dtype=np.float64)
        except (TypeError, ValueError):
            found = np.empty(0)
        m = self.index.n_classes
        if found.shape != (m,) or not ((found >= 0) & (found <= 1)).all():
            raise ArgumentError(f"recall must be a number in [0, 1] for each of {m} classes, not {recall!r}")
        return found

    def _features(self) -> Array:
        """float32 or float64 (N, D)."""
        found = self.samples if self.features is None else self.features
        require_features(self.asked.base, self.index, found)
        assert isinstance(found, np.ndarray)
        if len(found) != self.index.n_samples or not np.isfinite(found).all():
            raise ArgumentError(
                f"features must be finite numbers ({self.index.n_samples}, D), a row a sample in the order of the set, not "
                f"{found.shape}"
            )
        return found

    def _like(self) -> Array:
        """int64 (M,): what is still to be kept of each class, besides what is kept in any case."""
        assert self.like is not None, "a pruning like a subset is not asked for without it"
        forced = np.bincount(self.index.labels[self.forced.keep], minlength=self.index.n_classes)
        if (over := np.flatnonzero(forced > self.like.kept_counts)).size:
            c = over[0]
            raise ArgumentError(
                f"force_keep names {forced[c]:,} samples of class {self.index.class_names[c]!r}, and the other subset keeps "
                f"{self.like.kept_counts[c]:,} of it: name fewer"
            )
        return np.asarray(self.like.kept_counts - forced)

    def _scores(self) -> ScoreSet:
        if self.scores is None:
            raise ArgumentError(
                f"strategy {self.asked.base!r} ranks by scores: give a score file, which `lt-prune score` makes"
            )
        return self.scores


def _made_by(scores: ScoreSet, ranked: bool) -> dict[str, Any]:
    """What tells the scores from others; how many members have made them, where they ranked."""
    if scores.origin:
        return {"origin": str(scores.origin), "scores": scores.digest}
    members = {"members": len(scores.seeds)} if ranked else {}
    published = {"published": str(scores.published)} if scores.published else {}
    return {**members, "ensemble": scores.ensemble, "scores": scores.digest, **published}


def require_features(strategy: str, index: SampleIndex, samples: object) -> None:
    """Refuse samples that are no embeddings, for a strategy that needs them.

    Raises:
        ArgumentError: they are none.
    """
    if not isinstance(samples, np.ndarray) or samples.dtype not in (np.float32, np.float64) or samples.ndim != 2:
        raise ArgumentError(
            f"strategy {strategy!r} needs an embedding of each sample, and {index.name} has none: prune a set of "
            f"embeddings, or give features, an array (N, D) of float32"
        )
