"""What observers keep: the values of an epoch, and those of the last few, in memory that no number of epochs grows."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EpochMean(nn.Module):
    """The mean of the values that each sample has had in an epoch.

    Args:
        n_samples: N.
    """

    total: Tensor
    seen: Tensor

    def __init__(self, n_samples: int) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(n_samples, dtype=torch.float64))
        self.register_buffer("seen", torch.zeros(n_samples, dtype=torch.int64))

    def add(self, rows: Tensor, values: Tensor) -> None:
        """Values (B,) of the samples at rows, int64 (B,), which may come more than once."""
        self.total.index_add_(0, rows, values.double())
        self.seen.index_add_(0, rows, torch.ones_like(rows))

    def take(self, unseen: Tensor) -> Tensor:
        """float64 (N,): the means, and `unseen` of those that had no value; the next epoch begins with none."""
        mean = torch.where(self.seen > 0, self.total / self.seen.clamp(min=1), unseen)
        self.total.zero_()
        self.seen.zero_()
        return mean


class Window(nn.Module):
    """The values of the last epochs, in float32, as outputs are.

    Args:
        length: of how many epochs.
        n_samples: N.
    """

    values: Tensor
    pushed: Tensor

    def __init__(self, length: int, n_samples: int) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(length, n_samples))
        self.register_buffer("pushed", torch.zeros((), dtype=torch.int64))

    def push(self, values: Tensor) -> None:
        """Values (N,) of one more epoch, in place of the oldest."""
        self.values.copy_(torch.cat([self.values[1:], values[None].to(self.values.dtype)]))
        self.pushed.add_(1)

    @property
    def epochs(self) -> int:
        """How many there have been."""
        return int(self.pushed)

    @property
    def is_full(self) -> bool:
        return self.epochs >= len(self.values)

    @property
    def held(self) -> Tensor:
        """float64 (E, N): the values of those epochs that there have been, the latest last."""
        return self.values[max(0, len(self.values) - self.epochs) :].double()

    def mean(self) -> Tensor:
        """float64 (N,): 0 where there has been no epoch."""
        return self.held.sum(dim=0) / max(1, len(self.held))

    def std(self) -> Tensor:
        """float64 (N,): the unbiased standard deviation, 0 where there have not been two epochs."""
        deviations = self.held - self.mean()
        return (deviations.square().sum(dim=0) / max(1, len(self.held) - 1)).sqrt()
