"""What is minimised, and what is done with it from epoch to epoch."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from lt_prune.errors import ArgumentError
from lt_prune.models.head import LINEAR, Head
from lt_prune.models.network import Outputs, drawn_from

_TRIED = 64
"""Features that a loss is tried on."""


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


def broken_promise(loss: object, n_classes: int, head: Head = LINEAR) -> str:
    """What of `Loss` it does not do, in words, empty where there is nothing; tried on what a head makes of two samples, by a
    copy, so that its state stays."""
    if not isinstance(loss, Loss):
        return f"must be a Loss, not {type(loss).__name__}"
    tried = copy.deepcopy(loss)
    with drawn_from(0):
        try:
            outputs = _outputs(head, n_classes)
        except ArgumentError:  # the head takes other numbers of features, and how many there will be is not known here
            return ""
        tried.begin_epoch(0, 1)
        value = tried(outputs, torch.eye(n_classes)[:2])
        tried.end_epoch()
    if not isinstance(value, Tensor) or value.shape != ():
        found = f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        return f"must give the mean of a batch, a tensor (), and gave {found}"
    if not value.isfinite():
        return f"must give a finite mean, and gave {value.item()}"
    return "" if value.requires_grad else "must pass gradients on to the network's outputs"


def _outputs(head: Head, n_classes: int) -> Outputs:
    """Of two samples, made up."""
    features, classifier = torch.rand(2, _TRIED).requires_grad_(), head.make(_TRIED, n_classes)
    how = getattr(classifier, "how", None)
    return Outputs(features, classifier(features), cast(Tensor, classifier.weight), how=how)


def at_least_one(counts: Sequence[int]) -> Tensor:
    """float64 (M,): counts, with 1 for a class without samples, whose weight or margin nothing depends on."""
    return torch.as_tensor(counts, dtype=torch.float64).clamp(min=1)


def effective_number_weights(counts: Sequence[int], beta: float) -> Tensor:
    """float32 (M,): (1 - beta) / (1 - beta^n_c), scaled to a mean of 1 over the classes (Cui et al. 2019, Eq. 2)."""
    weights = (1 - beta) / (1 - beta ** at_least_one(counts))
    return (weights / weights.mean()).float()
