"""What is made of an ensemble member: a score of every sample by every metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lt_prune.metrics import METRICS
from lt_prune.types import Array, MetricScores, Pixels

if TYPE_CHECKING:  # who asks for scores need not load torch
    from lt_prune.models.network import Network


@dataclass(frozen=True, eq=False)
class Scoring:
    """Scores every sample by every metric in one pass."""

    pixels: Pixels
    """uint8 (N, H, W, C)."""
    labels: Array
    """int64 (N,)."""
    metrics: tuple[str, ...]
    """By name."""

    def __call__(self, network: Network) -> tuple[dict[str, MetricScores], float]:
        """Scores by one ensemble member, one row each, and the member's accuracy on these samples.

        Raises:
            DivergenceError: a score is not finite.
        """
        from lt_prune.engine.predict import score_samples

        metrics = {name: METRICS.load(name) for name in self.metrics}
        values, accuracy = score_samples(network, self.pixels, self.labels, metrics)
        rows = {
            name: MetricScores(per_member=row[None], hard=metrics[name].hard, equation=metrics[name].equation)
            for name, row in values.items()
        }
        return rows, accuracy
