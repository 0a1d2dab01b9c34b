"""Mixup (Zhang et al. 2018): every image and target of a batch blended with another one's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lt_prune.randomness import derive_seed


@dataclass(frozen=True)
class Mixup:
    """What each batch of an epoch is blended with, drawn on the CPU at once: a GPU then waits for one copy an epoch."""

    bounds: Sequence[tuple[int, int]]
    """Half-open bounds of the epoch's batches."""
    partners: Tensor
    """int64 (E,): for each draw of the epoch, the place of another one in the same batch."""
    shares: list[float]
    """What each batch keeps of its own images."""

    @staticmethod
    def draw(bounds: Sequence[tuple[int, int]], alpha: float, seed: int, epoch: int) -> Mixup:
        """A share from Beta(alpha, alpha) and a permutation for each batch; seed, epoch and batch name the randomness."""
        shares, partners = [], []
        for step, (start, end) in enumerate(bounds):
            random = np.random.default_rng(derive_seed(seed, "mixup", epoch, step))
            shares.append(float(random.beta(alpha, alpha)))
            partners.append(torch.from_numpy(random.permutation(end - start)))
        return Mixup(bounds, torch.cat(partners), shares)

    def to(self, device: torch.device) -> Mixup:
        return replace(self, partners=self.partners.to(device))

    def __call__(self, step: int, pixels: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Blend the batch of a step.

        Args:
            pixels: (B, C, H, W).
            target: probabilities (B, M).

        Returns:
            float32 pixels and target of the same shapes.
        """
        partner, share = self.partners[slice(*self.bounds[step])], self.shares[step]
        pixels = pixels.float()
        return torch.lerp(pixels[partner], pixels, share), torch.lerp(target[partner], target, share)
