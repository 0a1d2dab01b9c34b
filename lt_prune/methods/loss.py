"""What is minimised, and what is done with it from epoch to epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lt_prune.models.network import Outputs


class Loss(nn.Module):
    """The loss of a batch. Its buffers are its state: checkpoints keep them, and they are only ever changed in place, as a
    captured CUDA graph reads them where they lie.

    Args:
        counts: training samples of each class (M,).
    """

    def __init__(self, counts: Sequence[int]) -> None:
        super().__init__()

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        """Called before each epoch, counted from 0, of so many."""

    def end_epoch(self) -> None:
        """Called after each epoch."""

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        """Mean loss () of a batch against probabilities `target` (B, M)."""
        raise NotImplementedError


def at_least_one(counts: Sequence[int]) -> Tensor:
    """float64 (M,): counts, with 1 for a class without samples, whose weight or margin nothing depends on."""
    return torch.as_tensor(counts, dtype=torch.float64).clamp(min=1)


def effective_number_weights(counts: Sequence[int], beta: float) -> Tensor:
    """float32 (M,): (1 - beta) / (1 - beta^n_c), scaled to a mean of 1 over the classes (Cui et al. 2019, Eq. 2)."""
    weights = (1 - beta) / (1 - beta ** at_least_one(counts))
    return (weights / weights.mean()).float()
