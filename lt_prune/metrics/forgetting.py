"""Forgetting: how often a sample was right and the next time wrong."""

from __future__ import annotations

import torch
from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.observer import Observer
from lt_prune.models.network import Outputs


class Forgettings(Observer):
    """How often each sample was seen, forgotten and right, and whether it was right the last time; where the recipe mixes,
    right is what is the larger part of the target."""

    seen: Tensor
    learned: Tensor
    forgotten: Tensor
    right: Tensor

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        for name in ("seen", "learned", "forgotten", "right"):
            self.register_buffer(name, torch.zeros(n_samples, dtype=torch.int64))

    def forward(self, rows: Tensor, outputs: Outputs, target: Tensor) -> None:
        right = (outputs.logits.argmax(dim=1) == target.argmax(dim=1)).long()
        self.seen.index_add_(0, rows, torch.ones_like(rows))
        self.learned.index_add_(0, rows, right)
        self.forgotten.index_add_(0, rows, self.right[rows] * (1 - right))
        # Of a row that comes twice in a batch, augmented otherwise, one that is wrong decides.
        self.right.scatter_reduce_(0, rows, right, "amin", include_self=False)


@metric(
    higher_is_harder=True,
    equation="#{e: right in epoch e, wrong in e + 1}; of what was never right, the number of epochs",
    paper="Toneva et al. 2019",
    observer=Forgettings,
)
def forgetting(record: Forgettings, labels: Tensor) -> Tensor:
    """What was never learned was never forgotten, and is still the hardest: it counts as often as any sample was seen, and
    none can be forgotten so often.

    Args:
        record: of a training.
        labels: int64 (N,), which the record knows.

    Returns:
        float32 (N,), whole numbers.
    """
    return torch.where(record.learned > 0, record.forgotten, record.seen.amax()).float()
