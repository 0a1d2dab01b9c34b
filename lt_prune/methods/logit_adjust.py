"""Logit adjustment (Menon et al. 2021), of which balanced softmax (Ren et al. 2020) is the case of strength 1."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F

from lt_prune.methods.loss import Loss, at_least_one
from lt_prune.methods.method import Method, Stage
from lt_prune.models.network import Outputs
from lt_prune.setting import Setting


class LogitAdjusted(Loss):
    """Cross-entropy of z + strength * log pi, with the class shares pi; predictions take z alone."""

    adjustment: Tensor

    def __init__(self, counts: Sequence[int], *, strength: float = 1.0) -> None:
        super().__init__(counts)
        counted = at_least_one(counts)
        self.register_buffer("adjustment", (strength * (counted / counted.sum()).log()).float())

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        return F.cross_entropy(outputs.logits + self.adjustment, target)


balanced_softmax = Method(
    summary="balanced softmax: logits raised by the log of the class counts",
    paper="Ren et al. 2020, Eq. 4",
    stage=Stage(loss=LogitAdjusted, equation="-sum q log softmax(z + log n)"),
)

logit_adjust = Method(
    summary="logit-adjusted loss: balanced softmax with a strength",
    paper="Menon et al. 2021, Eq. 10",
    stage=Stage(
        loss=LogitAdjusted,
        equation="-sum q log softmax(z + strength log pi)",
        settings={"strength": Setting(1.0, "tau of the paper: 0 is cross-entropy, 1 balanced softmax")},
    ),
)
