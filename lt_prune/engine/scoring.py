"""What is made of an ensemble member: a score of every sample by every metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lt_prune.errors import MemberError
from lt_prune.metrics import METRICS, Metric
from lt_prune.types import Array, MetricScores, Pixels

if TYPE_CHECKING:  # the caller, which only makes this object, need not load torch
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


@dataclass(frozen=True, eq=False)
class Scoring:
    """Scores every sample by every metric in one pass."""

    pixels: Pixels
    """uint8 (N, H, W, C)."""
    labels: Array
    """int64 (N,)."""
    metrics: tuple[str, ...]
    """By name."""
    optional: tuple[str, ...] = ()
    """Those of them that are left out where they break their promise; the others are an error then."""
    registered: Mapping[str, Metric] = field(default_factory=dict)
    """Those of the caller's process, which a worker process knows nothing of."""

    def __call__(self, network: Network) -> Scored:
        """Scores by one ensemble member.

        Raises:
            MemberError: a metric cannot be loaded, fails, or does not give one finite number a sample.
            DivergenceError: the network's outputs are not finite.
        """
        from lt_prune.engine.predict import score_samples

        metrics: dict[str, Metric] = {}
        refused: dict[str, str] = {}
        for name in self.metrics:
            try:
                metrics[name] = self.registered[name] if name in self.registered else METRICS.load(name)
            except MemberError as error:
                self._refuse(error, refused)
        while True:  # a pass more for each metric that breaks its promise, which is rare
            try:
                values, accuracy = score_samples(network, self.pixels, self.labels, metrics)
                break
            except MemberError as error:
                self._refuse(error, refused)
                del metrics[error.member]
        rows = {
            name: MetricScores(
                per_member=row[None], higher_is_harder=metrics[name].higher_is_harder, equation=metrics[name].equation
            )
            for name, row in values.items()
        }
        return Scored(rows, accuracy, refused)

    def _refuse(self, error: MemberError, refused: dict[str, str]) -> None:
        if error.member not in self.optional:
            raise error
        refused[error.member] = str(error)
