"""Cross-entropy."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Stage
from lt_prune.models.network import Outputs


class CrossEntropy(Loss):
    """-sum q log softmax(z), on the linear logits z."""

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        return F.cross_entropy(outputs.logits, target)


ce = Method(
    summary="cross-entropy",
    paper="the plain baseline",
    stage=Stage(loss=CrossEntropy, equation="-sum q log softmax(z)"),
)
