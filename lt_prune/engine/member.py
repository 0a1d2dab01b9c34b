"""A trained member of an ensemble, as metrics that need more than its outputs look at it."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from lt_prune.engine.answers import score_by_network, score_whole
from lt_prune.engine.predict import features_of
from lt_prune.engine.runs import Trained
from lt_prune.errors import DivergenceError, MemberError
from lt_prune.metrics import HELD_OUT, NEEDS, Metric
from lt_prune.metrics.features import Features
from lt_prune.metrics.observer import Observer, name_of
from lt_prune.types import Array, Pixels, kind_of


class Member:
    """A trained member.

    Args:
        trained: what its training has left.
        pixels: every sample of the set.
        labels: int64 (N,).
        test_pixels: the test samples, where a metric needs them.
    """

    def __init__(self, trained: Trained, pixels: Pixels, labels: Array, test_pixels: Pixels | None = None) -> None:
        self.trained, self.pixels, self.labels, self.test_pixels = trained, pixels, labels, test_pixels

    def score(self, name: str, metric: Metric) -> tuple[Array, Array | None]:
        """float32 (N,), by a metric of features, of a record or of the network itself; and which other sample each is of,
        int32 (N,), where the metric says it.

        Raises:
            MemberError: it fails, does not give one finite number a sample, or has no record.
            DivergenceError: the network's features are not finite.
        """
        if metric.needs == "network":
            return score_by_network(name, metric, self.trained.network, self.pixels, self.labels), None
        return score_whole(name, metric, self._needed(name, metric), self.labels)

    def _needed(self, name: str, metric: Metric) -> Features | Observer:
        if metric.needs == "record":
            return self._record(name, metric)
        if metric.needs == "held-out":
            raise MemberError(f"metric {name!r} needs {NEEDS['held-out']}, which only {HELD_OUT[0]!r} is given", name)
        if metric.needs == "test" and self.test_pixels is not None:
            self.features.test = self._values(self.test_pixels)
        return self.features

    @cached_property
    def features(self) -> Features:
        """Of the whole set."""
        return Features(self._values(self.pixels))

    def _values(self, pixels: Pixels) -> Tensor:
        """(N, D): embeddings as they are, and of images what the network's backbone gives in evaluation mode."""
        if kind_of(pixels) == "embeddings":
            return torch.tensor(pixels[:]).to(self.trained.network.mean.device)
        values = features_of(self.trained.network, pixels)
        if not values.isfinite().all():
            raise DivergenceError("the network's features are not finite: lower the learning rate")
        return values

    def _record(self, name: str, metric: Metric) -> Observer:
        assert metric.observer, "it is computed from a record"
        record, observers = name_of(metric.observer), self.trained.observers
        if record in observers.lacking:
            raise MemberError(f"metric {name!r} needs a record of the training, and {observers.lacking[record]}", name)
        return observers.watching[record]
