"""Mixup (Zhang et al. 2018): every image and target of a batch blended with another one's."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lt_prune.randomness import derive_seed


def mixup(pixels: Tensor, target: Tensor, alpha: float, seed: int, epoch: int, step: int) -> tuple[Tensor, Tensor]:
    """Blend a batch with a permutation of itself, with one share drawn from Beta(alpha, alpha).

    Args:
        pixels: (B, C, H, W).
        target: probabilities (B, M).
        seed, epoch, step: name the randomness.

    Returns:
        float32 pixels and target of the same shapes.
    """
    random = np.random.default_rng(derive_seed(seed, "mixup", epoch, step))
    share = float(random.beta(alpha, alpha))
    partner = torch.from_numpy(random.permutation(len(target))).to(target.device)
    pixels = pixels.float()
    return torch.lerp(pixels[partner], pixels, share), torch.lerp(target[partner], target, share)
