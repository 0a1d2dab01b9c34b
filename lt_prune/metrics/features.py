"""What a metric of embeddings gets: the features of a whole set, and what several metrics make of them."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from lt_prune.randomness import generator

NEIGHBOURS = 20
"""So many nearest others are looked for."""
_BLOCK = 2**22
"""Distances held at once: 16 MiB."""
_SPARE = 12
"""So many more candidates are taken, as a distance by products is rounded where the difference is small."""


class Features:
    """Features of all samples of a set: embeddings as they are, or what a trained member's backbone makes of images.

    Args:
        values: (N, D), kept in float32 or better.
    """

    def __init__(self, values: Tensor) -> None:
        self.values = values.to(torch.promote_types(values.dtype, torch.float32))

    @cached_property
    def order(self) -> Tensor:
        """int64 (N,): the samples in an order that depends on what they are, and not on where they stand, for what draws."""
        direction = torch.randn(self.values.shape[1], generator=generator(0, "order of features"), dtype=torch.float64)
        # A sum a row, and no product of matrices, which may round a row by where it stands.
        return (self.values.double() * direction.to(self.values.device)).sum(dim=1).argsort(stable=True)

    @cached_property
    def neighbours(self) -> Tensor:
        """(N, K): distances to the nearest other samples, ascending; K = min(20, N - 1). In blocks, never (N, N)."""
        n = len(self.values)
        found = self.values.new_empty(n, min(NEIGHBOURS, n - 1))
        # In place: small tensors kept block by block would lie between the large ones, and the heap would grow.
        for some in torch.split(torch.arange(n, device=self.values.device), max(1, _BLOCK // n)) if n > 1 else ():
            found[some] = self._nearest(some)
        return found

    @cached_property
    def _centred(self) -> tuple[Tensor, Tensor]:
        """(N, D) about their mean, which takes nothing from distances, and (N,) the squared lengths."""
        centred = self.values - self.values.mean(dim=0)
        return centred, centred.square().sum(dim=1)

    def _nearest(self, some: Tensor) -> Tensor:
        """(B, K): of the samples at these rows, int64 (B,)."""
        (centred, lengths), n = self._centred, len(self.values)
        rough = torch.addmm(lengths, centred[some], centred.T, alpha=-2)  # and the block's own lengths, which order nothing
        rough.scatter_(1, some[:, None], torch.inf)
        near = rough.topk(min(NEIGHBOURS + _SPARE, n - 1), largest=False).indices
        own = self.values[some]
        exact = torch.stack([(own - self.values[each]).square().sum(dim=1) for each in near.T], dim=1).sqrt()
        return exact.sort(dim=1).values[:, :NEIGHBOURS]
