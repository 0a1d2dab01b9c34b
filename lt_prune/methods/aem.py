"""AEM, angular entropy minimisation (Wang & Yan, Eq. 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lt_prune.angular import AngularEntropyLoss
from lt_prune.angular.entropy import CROSS_ENTROPIES, ROWS, SIGNS
from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Stage
from lt_prune.models.network import Outputs
from lt_prune.setting import Setting


class AngularEntropy(Loss):
    """Cross-entropy, and the entropy of the angular probabilities."""

    def __init__(
        self, counts: Sequence[int], *, entropy: Any, aem_logits: Any, aem_rows: Any, entropy_weight: float
    ) -> None:
        super().__init__(counts)
        self.loss = AngularEntropyLoss(entropy=entropy, cross_entropy=aem_logits, rows=aem_rows, weight=entropy_weight)

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        return self.loss(outputs.features, outputs.weight, outputs.logits, target)  # type: ignore[no-any-return]


aem = Method(
    summary="cross-entropy, and entropy of the angular probabilities",
    paper="Wang & Yan, Eq. 6",
    stage=Stage(
        loss=AngularEntropy,
        equation="-sum q log softmax(z) - H(softmax(a)), the rows detached in H",
        settings={
            "entropy": Setting("maximised", "what becomes of it: the text around Eq. 6, or the equation", SIGNS),
            "aem_logits": Setting("linear", "which logits the cross-entropy takes; Eq. 6 prints angular", CROSS_ENTROPIES),
            "aem_rows": Setting("detached", "whether the entropy's gradient reaches the classifier's rows", ROWS),
            "entropy_weight": Setting(1.0, "factor on the entropy; 0 is mixup"),
        },
        tuned=("mixup",),
    ),
    prediction="angular",
)
