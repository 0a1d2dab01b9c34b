"""Focal loss (Lin et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Stage
from lt_prune.models.network import Outputs
from lt_prune.setting import Setting


class Focal(Loss):
    """-sum q (1 - p)^gamma log p, with p = softmax(z)."""

    def __init__(self, counts: Sequence[int], *, gamma: float = 2.0) -> None:
        super().__init__(counts)
        self.gamma = gamma

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        log_p = outputs.logits.log_softmax(dim=1)
        # 1 - p as a sum of the others would be costlier; the floor keeps the power's gradient finite where p is 1.
        missed = (1 - log_p.exp()).clamp(min=1e-6)
        return -(target * missed**self.gamma * log_p).sum(dim=1).mean()


focal = Method(
    summary="focal loss: what is predicted well counts less",
    paper="Lin et al. 2017, Eq. 4, without alpha",
    stage=Stage(
        loss=Focal,
        equation="-sum q (1 - p)^gamma log p, p = softmax(z)",
        settings={
            "gamma": Setting(
                2.0,
                "how little what is predicted well counts: 2 in Lin et al., 1 in LDAM-DRW's code",
            )
        },
    ),
)
