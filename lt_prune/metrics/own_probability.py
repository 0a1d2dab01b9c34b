"""The record of what probability each sample's own class had, epoch by epoch."""

from __future__ import annotations

import torch
from torch import Tensor

from lt_prune.metrics.observer import Observer
from lt_prune.metrics.running import EpochMean, Window
from lt_prune.models.network import Outputs

J = 10
"""Epochs of a window."""
T = 30
"""Epochs whose windows DUAL looks at."""


class OwnProbability(Observer):
    """p_y of each epoch, as its steps saw it, augmented and in training mode: sums over the epochs, and the last window.

    Where the recipe mixes, it is the probability of the mixed target. A sample that an epoch passed over, as those of a
    balanced order may, keeps its last value. With fewer epochs than a window, all there are make one window.
    """

    total: Tensor
    squares: Tensor
    stds: Tensor
    duals: Tensor

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.now, self.window = EpochMean(n_samples), Window(J, n_samples)
        for name in ("total", "squares", "stds", "duals"):
            self.register_buffer(name, torch.zeros(n_samples, dtype=torch.float64))

    def forward(self, rows: Tensor, outputs: Outputs, target: Tensor) -> None:
        self.now.add(rows, (torch.softmax(outputs.logits, dim=1) * target).sum(dim=1))

    def end_epoch(self) -> None:
        value = self.now.take(unseen=self.window.values[-1].double())
        self.total.add_(value)
        self.squares.add_(value.square())
        self.window.push(value)
        if self.window.is_full:
            self.stds.add_(self.window.std())
            if self.window.epochs <= T:
                self.duals.add_(self._dual())

    def mean(self) -> Tensor:
        """float64 (N,), over the epochs."""
        return self.total / max(1, self.window.epochs)

    def std(self) -> Tensor:
        """float64 (N,), over the epochs, divided by their number."""
        return (self.squares / max(1, self.window.epochs) - self.mean().square()).clamp(min=0).sqrt()

    def mean_std(self) -> Tensor:
        """float64 (N,): the mean of the windows' standard deviations."""
        return self.stds / (self.window.epochs - J + 1) if self.window.is_full else self.window.std()

    def mean_dual(self) -> Tensor:
        """float64 (N,): the mean of std (1 - mean) over the windows of the first T epochs."""
        return self.duals / (min(self.window.epochs, T) - J + 1) if self.window.is_full else self._dual()

    def _dual(self) -> Tensor:
        return self.window.std() * (1 - self.window.mean())
