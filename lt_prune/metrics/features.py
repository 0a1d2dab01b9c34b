"""What a metric of embeddings gets: the features of a whole set, and what several metrics make of them."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from lt_prune.angular.logits import unit
from lt_prune.models.network import joined
from lt_prune.randomness import generator

NEIGHBOURS = 20
"""So many nearest others are looked for."""
_BLOCK = 2**21
"""Distances held at once: 8 MiB."""
_SPARE = 12
"""So many more candidates are taken, as a distance by products is rounded where the difference is small."""


class Features:
    """Features of all samples of a set: embeddings as they are, or what a trained member's backbone makes of images.

    Args:
        values: (N, D), kept in float32 or better.
        places: int64 (N,), of each sample in the order of ids; by default they stand so, as those of a set do.
        test: (T, D), of the test samples, for metrics that need them.
    """

    def __init__(self, values: Tensor, places: Tensor | None = None, test: Tensor | None = None) -> None:
        self.values = values.to(torch.promote_types(values.dtype, torch.float32))
        self.places = torch.arange(len(values), device=values.device) if places is None else places
        self.test = test

    @property
    def is_finite(self) -> bool:
        """Whether all of them are finite numbers."""
        return bool(self.values.isfinite().all()) and (self.test is None or bool(self.test.isfinite().all()))

    @cached_property
    def order(self) -> Tensor:
        """int64 (N,): the samples in an order that depends on what they are, and not on where they stand, for what draws."""
        direction = torch.randn(self.values.shape[1], generator=generator(0, "order of features"), dtype=torch.float64)
        # A sum a row, and no product of matrices, which may round a row by where it stands.
        return (self.values.double() * direction.to(self.values.device)).sum(dim=1).argsort(stable=True)

    @cached_property
    def mean(self) -> Tensor:
        """(D,)."""
        return self.values.mean(dim=0)

    @cached_property
    def centred(self) -> Tensor:
        """(N, D) about their mean, which takes nothing from distances. Cosines are of these: what all features have in
        common, such as that a ReLU gives none below 0, makes any two of them alike."""
        return self.values - self.mean

    @cached_property
    def directions(self) -> Tensor:
        """(N, D): what is centred, each vector by its length, of which cosines are the products."""
        return unit(self.centred)

    @cached_property
    def neighbours(self) -> Tensor:
        """(N, K): distances to the nearest other samples, ascending; K = min(20, N - 1). In blocks, never (N, N)."""
        n = len(self.values)
        if n == 1:
            return self.values.new_zeros(1, 0)
        return joined((self._nearest(start, end) for start, end in blocks(n)), n)

    @cached_property
    def _lengths(self) -> Tensor:
        """(N,): squared lengths of what is centred."""
        return self.centred.square().sum(dim=1)

    def _nearest(self, start: int, end: int) -> Tensor:
        """(B, K): of the samples in these rows."""
        n, block = len(self.values), self.centred[start:end]
        # Less the block's own lengths, which order nothing.
        rough = torch.addmm(self._lengths, block, self.centred.T, alpha=-2)
        rough[torch.arange(len(block)), torch.arange(start, end)] = torch.inf
        near = rough.topk(min(NEIGHBOURS + _SPARE, n - 1), largest=False).indices
        own = self.values[start:end]
        exact = torch.stack([(own - self.values[each]).square().sum(dim=1) for each in near.T], dim=1).sqrt()
        return exact.sort(dim=1).values[:, :NEIGHBOURS]


def blocks(n: int, others: int | None = None) -> list[tuple[int, int]]:
    """Half-open bounds of the rows of which a block of distances is held at once, to `others`, by default all N."""
    size = max(1, _BLOCK // max(1, n if others is None else others))
    return [(start, min(start + size, n)) for start in range(0, n, size)]
