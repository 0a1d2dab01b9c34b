"""Batches of features: embeddings, or what a frozen backbone has given. They are neither cropped nor mirrored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from lt_prune.data.batches import Sampling, tensor_of
from lt_prune.data.order import epoch_order
from lt_prune.types import Array


@dataclass(frozen=True)
class FeatureBatches:
    """Rows of features, in a new order each epoch."""

    features: Tensor
    """float32 (P, D): all there are."""
    labels: Tensor
    """int64 (P,)."""
    rows: Tensor
    """int64 (N,): those to train on."""
    classes: Array
    """int64 (N,): their labels."""
    sampling: Sampling

    @staticmethod
    def of(
        features: Tensor,
        labels: Array,
        sampling: Sampling,
        rows: Array | None = None,
        *,
        device: torch.device | str = "cpu",
    ) -> FeatureBatches:
        """Batches of features (P, D), all of them or those at `rows`, held on `device`."""
        chosen = np.arange(len(labels)) if rows is None else rows
        held, targets, samples = (tensor_of(each).to(device) for each in (features, labels, chosen))
        return FeatureBatches(held, targets, samples, labels[chosen], sampling)

    @cached_property
    def bounds(self) -> list[tuple[int, int]]:
        return self.sampling.bounds(self.classes)

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Features float32 (B, D), and labels int64 (B,)."""
        order = epoch_order(self.classes, self.sampling.sampler, self.sampling.seed, epoch, self.sampling.draws)
        samples = self.rows[order.to(self.rows.device)]
        for start, end in self.bounds:
            batch = samples[start:end]
            yield self.features[batch], self.labels[batch]
