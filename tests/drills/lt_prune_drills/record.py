"""How often a sample was forgotten in training: right when it was last seen, and now wrong (Toneva et al. 2019)."""

import torch

from lt_prune.metrics import metric
from lt_prune.metrics.observer import Observer


class Forgetting(Observer):
    def __init__(self, n_samples, n_classes):
        super().__init__(n_samples, n_classes)
        for name in ("right", "learned", "forgotten"):
            self.register_buffer(name, torch.zeros(n_samples, dtype=torch.int64))

    def forward(self, rows, outputs, target):
        right = (outputs.logits.argmax(dim=1) == target.argmax(dim=1)).long()
        self.forgotten.index_add_(0, rows, self.right[rows] * (1 - right))
        self.learned.index_add_(0, rows, right)
        self.right.scatter_reduce_(0, rows, right, "amin", include_self=False)


@metric(higher_is_harder=True, equation="Toneva et al. 2019, Algorithm 1; never learned is hardest", observer=Forgetting)
def forgotten(record, labels):
    never = record.forgotten.max() + 1
    return torch.where(record.learned > 0, record.forgotten, never)
