"""Batches of features: embeddings, or what a frozen backbone has given. They are neither cropped nor mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lt_prune.data.batches import Batches, Drawn, Sampling, tensor_of
from lt_prune.types import Array


@dataclass(frozen=True, kw_only=True)
class FeatureBatches(Batches):
    """Rows of features."""

    pixels: Tensor
    """float32 (F, D): those there are."""
    places: Tensor
    """int64 (N,): where among them those of each row lie."""

    @staticmethod
    def of(
        features: Array | Tensor,
        labels: Array,
        sampling: Sampling,
        rows: Array | None = None,
        *,
        known: Array | None = None,
        device: torch.device | str = "cpu",
    ) -> FeatureBatches:
        """Batches of features (F, D), held on `device`, of all samples or those at `rows`: there are features of all, or
        of those at the rows `known`, int64 (F,)."""
        common = Batches.common(labels, sampling, rows, device)
        places = common["rows"]
        if known is not None:
            place_of = torch.zeros(len(labels), dtype=torch.int64, device=device)
            place_of[tensor_of(known).to(device)] = torch.arange(len(known), device=device)
            places = place_of[places]
        return FeatureBatches(pixels=tensor_of(features).to(device), places=places, **common)

    def plan(self, epoch: int) -> tuple[Tensor]:
        return (self.sampling.order(self.classes, epoch),)

    def batches(self, plan: Sequence[Tensor], batches: Sequence[slice]) -> Iterator[Drawn]:
        """Features are float32 (B, D)."""
        order = plan[0].to(self.rows.device)
        drawn, places = self.rows[order], self.places[order]
        for batch in batches:
            rows = drawn[batch]
            yield self.pixels[places[batch]], self.labels[rows], rows
