"""Class-balanced loss (Cui et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lt_prune.methods.loss import Loss, effective_number_weights
from lt_prune.methods.method import Method, Stage
from lt_prune.models.network import Outputs
from lt_prune.setting import Setting


class ClassBalanced(Loss):
    """Cross-entropy weighted by class: the weight falls with the effective number (1 - beta^n) / (1 - beta) of samples."""

    weight: Tensor

    def __init__(self, counts: Sequence[int], *, beta: float = 0.9999) -> None:
        super().__init__(counts)
        self.register_buffer("weight", effective_number_weights(counts, beta))

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        return -(target * self.weight * outputs.logits.log_softmax(dim=1)).sum(dim=1).mean()


cb = Method(
    summary="class-balanced loss: weights by the effective number of samples",
    paper="Cui et al. 2019, Eq. 11 (softmax)",
    stage=Stage(
        loss=ClassBalanced,
        equation="-sum q w log softmax(z), w_c = (1 - beta) / (1 - beta^n_c), scaled to a mean of 1",
        settings={
            "beta": Setting(0.9999, "how much further samples add, in [0, 1); 0 weighs all classes alike", high=0.9999999)
        },
    ),
)
