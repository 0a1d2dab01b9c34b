"""What is made of an ensemble member: a score of every sample by every metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lt_prune.errors import MemberError
from lt_prune.metrics import METRICS, Metric
from lt_prune.types import Array, MetricScores, Pixels, kind_of

if TYPE_CHECKING:  # the caller, which only makes this object, need not load torch
    from lt_prune.engine.runs import Trained
    from lt_prune.metrics.observer import Observer
    from lt_prune.models.network import Network


@dataclass(frozen=True)
class Scored:
    """What an ensemble member says of the samples."""

    rows: dict[str, MetricScores]
    """By metric, one row each."""
    accuracy: float
    """On these samples."""
    refused: dict[str, str]
    """Why there are no scores of a metric that may be left out."""
    same: frozenset[str] = frozenset()
    """Metrics whose scores are the same by every member, as they are of embeddings alone; `rows` of one member has them."""


@dataclass(frozen=True, eq=False)
class Scoring:
    """Scores every sample by every metric: by those of outputs in one pass."""

    pixels: Pixels
    """uint8 (N, H, W, C)."""
    labels: Array
    """int64 (N,)."""
    metrics: tuple[str, ...]
    """By name."""
    optional: tuple[str, ...] = ()
    """Those of them that are left out where they cost much or break their promise; the latter is an error of the others."""
    elsewhere: frozenset[str] = frozenset()
    """Those of them that another member is scored by, too: they are left out where its scores are the same."""
    registered: Mapping[str, Metric] = field(default_factory=dict)
    """Those of the caller's process, which a worker process knows nothing of."""
    test_pixels: Pixels | None = None
    """The test samples, where a metric needs them."""

    def observers(self) -> dict[str, type[Observer]]:
        """What must watch the training, by name: each once, however many metrics it is for."""
        from lt_prune.metrics.observer import name_of

        metrics, _ = self._load()
        return {name_of(metric.observer): metric.observer for metric in metrics.values() if metric.observer}

    def __call__(self, trained: Trained) -> Scored:
        """Scores by one ensemble member.

        Raises:
            MemberError: a metric cannot be loaded, fails, does not give one finite number a sample, or has no record.
            DivergenceError: the network's outputs are not finite.
        """
        from lt_prune.engine.member import Member

        metrics, refused = self._load()
        same = frozenset(name for name, metric in metrics.items() if self._is_of_samples(metric))
        metrics = {name: metric for name, metric in metrics.items() if name not in same & self.elsewhere}
        of_outputs = {name: metric for name, metric in metrics.items() if metric.needs == "outputs"}
        values, accuracy = self._by_outputs(trained.network, of_outputs, refused)
        nearest: dict[str, Array | None] = {}
        member = Member(trained, self.pixels, self.labels, self.test_pixels)
        for name, metric in metrics.items():
            if metric.needs != "outputs":
                try:
                    values[name], nearest[name] = member.score(name, metric)
                except MemberError as error:
                    self._refuse(error, refused)
        rows = {
            name: MetricScores(
                per_member=values[name][None],
                higher_is_harder=metric.higher_is_harder,
                equation=metric.equation,
                nearest=nearest.get(name),
            )
            for name, metric in metrics.items()
            if name in values
        }
        return Scored(rows, accuracy, refused, same)

    def _load(self) -> tuple[dict[str, Metric], dict[str, str]]:
        """The metrics by name that are computed, and why there are none of those that cannot be loaded."""
        metrics: dict[str, Metric] = {}
        refused: dict[str, str] = {}
        for name in self.metrics:
            try:
                metric = self.registered[name] if name in self.registered else METRICS.load(name)
            except MemberError as error:
                self._refuse(error, refused)
                continue
            if name not in self.optional or metric.is_cheap(len(self.labels)):
                metrics[name] = metric
        return metrics, refused

    def _is_of_samples(self, metric: Metric) -> bool:
        """Whether it is of the samples alone, so that every member has the same scores."""
        return metric.needs in ("features", "test") and kind_of(self.pixels) == "embeddings"

    def _by_outputs(
        self, network: Network, metrics: dict[str, Metric], refused: dict[str, str]
    ) -> tuple[dict[str, Array], float]:
        """Scores by each of these, of those that keep their promise, and the member's accuracy."""
        from lt_prune.engine.predict import score_samples

        while True:  # a pass more for each metric that breaks its promise, which is rare
            try:
                return score_samples(network, self.pixels, self.labels, metrics)
            except MemberError as error:
                self._refuse(error, refused)
                del metrics[error.member]

    def _refuse(self, error: MemberError, refused: dict[str, str]) -> None:
        if error.member not in self.optional:
            raise error
        refused[error.member] = str(error)
