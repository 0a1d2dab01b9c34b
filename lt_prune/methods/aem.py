"""AEM, angular entropy minimisation (Wang & Yan, Eq. 6)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lt_prune.angular import AngularEntropyLoss, angular_logits
from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Setting, Stage
from lt_prune.models.network import Outputs


class AngularEntropy(Loss):
    """Cross-entropy plus entropy of the angular probabilities."""

    def __init__(self, counts: Sequence[int], *, entropy: str) -> None:
        super().__init__(counts)
        self.loss = AngularEntropyLoss(entropy)

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        return self.loss(angular_logits(outputs.features, outputs.weight), target)  # type: ignore[no-any-return]


aem = Method(
    summary="cross-entropy plus entropy of the angular probabilities",
    paper="Wang & Yan, Eq. 6",
    stage=Stage(
        loss=AngularEntropy,
        equation="-sum q log p - sum p log p, p = softmax(a)",
        settings={
            "entropy": Setting("minimised", "what becomes of it: Eq. 6, or the text around it", ("minimised", "maximised")),
        },
        tuned=("mixup",),
    ),
    prediction="angular",
)
