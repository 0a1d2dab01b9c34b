"""Outputs of networks that others have trained, scored by every metric that they are enough for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lt_prune.engine.answers import answer, score_whole
from lt_prune.errors import LtPruneError, MemberError
from lt_prune.metrics import METRICS, NEEDS, Metric
from lt_prune.metrics.features import Features
from lt_prune.models.network import BATCH, Outputs, joined
from lt_prune.types import Array, MetricScores

PARTS = ("features", "logits", "weight")
"""What there may be of outputs."""


class LackingError(LtPruneError):
    """Something is read that was not given; says what."""


class GivenOutputs(Outputs):
    """Outputs of a batch, of which parts may be missing: None, and an error for whoever reads them."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if value is None and name in PARTS:
            raise LackingError(f"{name} among the outputs")
        return value

    @property
    def is_finite(self) -> bool:
        """They were, when they were read."""
        return True

    def _each(self, changed: Callable[[Tensor], Tensor]) -> Outputs:
        own: dict[str, Any] = {name: object.__getattribute__(self, name) for name in PARTS}
        parts: dict[str, Any] = {name: None if value is None else changed(value) for name, value in own.items()}
        return GivenOutputs(**parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Outputs of K networks for the N samples of a set, in its order; each part may be missing."""

    labels: Array
    """int64 (N,)."""
    logits: Array | None = None
    """float32 (K, N, M)."""
    features: Array | None = None
    """float32 (K, N, D), or (1, N, D) where all K have the same."""
    weight: Array | None = None
    """float32 (K, M, D), or (1, M, D): the rows of the classifiers."""

    def scored(self, metrics: Sequence[str], required: bool) -> tuple[dict[str, MetricScores], dict[str, str]]:
        """Scores (K, N) by each metric that they are enough for; and what each of the others needs.

        Args:
            metrics: by name.
            required: whether scores by all of them were asked for; otherwise those that cost much are left out.

        Raises:
            MemberError: there can be none by a required metric.
        """
        found: dict[str, MetricScores] = {}
        needed: dict[str, str] = {}
        for name in metrics:
            try:
                found[name] = self._scores(name, METRICS.load(name), required)
            except LackingError as error:
                if required:
                    raise MemberError(f"metric {name!r} needs {error}, and there is none", name) from None
                needed[name] = str(error)
            except MemberError as error:
                if required:
                    raise
                needed[name] = f"mending ({error})"
        return found, needed

    def _scores(self, name: str, metric: Metric, required: bool) -> MetricScores:
        if metric.needs != "outputs" and (metric.needs != "features" or self.features is None):
            raise LackingError(NEEDS[metric.needs])
        if not required and not metric.is_cheap(len(self.labels)):
            raise LackingError("being named, as it costs much")
        k = max(len(part) for part in (self.logits, self.features, self.weight) if part is not None)
        alike = metric.needs == "features" and self.features is not None and len(self.features) == 1
        rows = [self._row(name, metric, number) for number in range(1 if alike else k)]
        return reduce(MetricScores.joined, rows * (k if alike else 1))

    def _row(self, name: str, metric: Metric, k: int) -> MetricScores:
        """By the outputs of the k-th network."""
        scores, nearest = self._answer(name, metric, k)
        return MetricScores(
            per_member=scores[None],
            higher_is_harder=metric.higher_is_harder,
            equation=metric.equation,
            nearest=nearest,
        )

    def _answer(self, name: str, metric: Metric, k: int) -> tuple[Array, Array | None]:
        """float32 (N,), and which other sample each is of, int32 (N,), where the metric says it."""
        if metric.needs == "features" and self.features is not None:
            return score_whole(name, metric, Features(_of(self.features, k)), self.labels)
        with torch.inference_mode():
            batches = (answer(name, metric, outputs, labels) for outputs, labels in self._batches(k))
            scores = joined(batches, len(self.labels))
        return np.asarray(scores.float()), None

    def _batches(self, k: int) -> Iterator[tuple[Outputs, Tensor]]:
        labels, every = torch.from_numpy(self.labels), (self.features, self.logits, self.weight)
        features, logits, weight = (None if part is None else _of(part, k) for part in every)
        for start in range(0, len(labels), BATCH):
            some = slice(start, start + BATCH)
            own: list[Any] = [None if part is None else part[some] for part in (features, logits)]
            parts: dict[str, Any] = dict(zip(PARTS, [*own, weight]))
            yield GivenOutputs(**parts), labels[some]


def _of(part: Array, k: int) -> Tensor:
    """What the k-th network has of a part that all may share."""
    return torch.from_numpy(part[k if len(part) > 1 else 0])
