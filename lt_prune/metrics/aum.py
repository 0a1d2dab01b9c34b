"""AUM, area under the margin: the margin on average over the training."""

from __future__ import annotations

import torch
from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.observer import Observer
from lt_prune.metrics.of_class import over_others
from lt_prune.models.network import Outputs


class Margins(Observer):
    """Sum and number of each sample's margins; where the recipe mixes, of the larger part of the target."""

    total: Tensor
    seen: Tensor

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.register_buffer("total", torch.zeros(n_samples, dtype=torch.float64))
        self.register_buffer("seen", torch.zeros(n_samples, dtype=torch.int64))

    def forward(self, rows: Tensor, outputs: Outputs, target: Tensor) -> None:
        self.total.index_add_(0, rows, over_others(outputs.logits, target.argmax(dim=1)).double())
        self.seen.index_add_(0, rows, torch.ones_like(rows))


@metric(
    higher_is_harder=False,
    equation="mean_e (z_y(e) - max_{i != y} z_i(e)), z(e) the logits in epoch e",
    paper="Pleiss et al. 2020",
    observer=Margins,
)
def aum(record: Margins, labels: Tensor) -> Tensor:
    """Low of what is mislabelled: the network is pulled to another class all the time.

    Variants: `margin` is that of the trained member.

    Args:
        record: of a training.
        labels: int64 (N,), which the record knows.

    Returns:
        float64 (N,); 0 of what was never seen.
    """
    return record.total / record.seen.clamp(min=1)
