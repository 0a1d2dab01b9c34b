"""TDDS, temporal dual-depth scoring: how unsteadily the prediction moves, the late epochs counting most."""

from __future__ import annotations

import torch
from torch import Tensor

from lt_prune.metrics import LARGE, metric
from lt_prune.metrics.observer import Observer
from lt_prune.metrics.running import EpochMean, Window
from lt_prune.models.network import Outputs

J = 10
"""Epochs of a window, which have J - 1 differences."""
BETA = 0.9
TINY = 1e-8
"""Added to probabilities whose logarithm is taken."""


class Differences(Observer):
    """How far each sample's probabilities have moved since it was last seen, in the last epochs, and the weighted sum over
    windows of how unsteadily. A sample that an epoch passed over has not moved."""

    last: Tensor
    score: Tensor
    epochs: Tensor

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.now, self.window = EpochMean(n_samples), Window(J - 1, n_samples)
        self.register_buffer("last", torch.full((n_samples, n_classes), 1 / n_classes))
        self.register_buffer("score", torch.zeros(n_samples, dtype=torch.float64))
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))

    def forward(self, rows: Tensor, outputs: Outputs, target: Tensor) -> None:
        found = torch.softmax(outputs.logits, dim=1)
        moved = found * ((found + TINY).log() - (self.last[rows] + TINY).log())
        self.now.add(rows, moved.abs().sum(dim=1))
        self.last.index_copy_(0, rows, found)

    def end_epoch(self) -> None:
        moved = self.now.take(unseen=torch.zeros_like(self.score))
        self.epochs.add_(1)
        if self.epochs > 1:  # nothing comes before the first
            self.window.push(moved)
            if self.window.is_full:
                self.score.mul_(1 - BETA).add_(BETA * self.unsteadiness())

    def unsteadiness(self) -> Tensor:
        """float64 (N,): the norm of the window's differences from their mean."""
        norm: Tensor = torch.linalg.vector_norm(self.window.held - self.window.mean(), dim=0)
        return norm


@metric(
    higher_is_harder=True,
    equation="sum_t beta (1 - beta)^(T - t) ||D_t - mean(D_t)||_2, beta = 0.9, D_t the J - 1 = 9 numbers "
    "sum_i |p_i(e) log(p_i(e) / p_i(e - 1))| of the J epochs up to t; one window where there are fewer epochs",
    paper="Zhang et al. 2024 (TDDS), by its code",
    observer=Differences,
    unasked=LARGE,  # it holds the probabilities of an epoch, (N, M)
)
def tdds(record: Differences, labels: Tensor) -> Tensor:
    """T is the last epoch; J and beta are those of its code.

    Args:
        record: of a training.
        labels: int64 (N,), which take no part.

    Returns:
        float64 (N,); 0 with fewer than three epochs.
    """
    return record.score if record.window.is_full else BETA * record.unsteadiness()
