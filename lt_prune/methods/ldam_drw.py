"""LDAM with deferred re-weighting (Cao et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lt_prune.angular.logits import cosines
from lt_prune.methods.loss import Loss, at_least_one, effective_number_weights
from lt_prune.methods.method import Method, Stage
from lt_prune.models.network import Outputs
from lt_prune.setting import Setting


class DeferredMargins(Loss):
    """Cross-entropy of scale * (cos - margin of the true class); margins fall with n_c^(1/4). From `defer` of the epochs on,
    classes are weighted by their effective number of samples. A mixed target has each class's margin by its share."""

    margin: Tensor
    weight: Tensor
    _later: Tensor

    def __init__(
        self,
        counts: Sequence[int],
        *,
        max_margin: float = 0.5,
        scale: float = 30.0,
        beta: float = 0.9999,
        defer: float = 0.8,
    ) -> None:
        super().__init__(counts)
        self.scale, self.defer = scale, defer
        margin = at_least_one(counts) ** -0.25
        self.register_buffer("margin", (max_margin * margin / margin.max()).float())
        self.register_buffer("weight", torch.ones(len(margin)))
        self.register_buffer("_later", effective_number_weights(counts, beta), persistent=False)

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        if epoch >= self.defer * epochs:
            self.weight.copy_(self._later)

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        cosine = cosines(outputs.features, outputs.weight)
        log_p = (self.scale * (cosine - self.margin * target)).log_softmax(dim=1)
        weighted = target * self.weight
        return -(weighted * log_p).sum() / weighted.sum()


ldam_drw = Method(
    summary="label-distribution-aware margins, re-weighted late",
    paper="Cao et al. 2019, Eq. 13 and Algorithm 1",
    stage=Stage(
        loss=DeferredMargins,
        equation="-sum q w log softmax(scale (cos(phi, W) - margin q)), margin_c ~ n_c^(-1/4)",
        settings={
            "max_margin": Setting(0.5, "margin of the least frequent class, as in Cao et al.'s code", high=1),
            "scale": Setting(30.0, "factor on the cosines, as in Cao et al.'s code"),
            "beta": Setting(0.9999, "of the weights, as in cb and in Cao et al.'s code", high=0.9999999),
            "defer": Setting(
                0.8, "share of the epochs after which classes are weighted: 160 of 200 in Cao et al.'s code", high=1
            ),
        },
    ),
    prediction="angular",
)
