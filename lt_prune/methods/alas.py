"""ALAS, active label-aware smoothing (Wang & Yan, Eq. 5), after mixup; after AEM it is ATL (Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lt_prune.angular import ActiveLabelAwareSmoothing, angular_logits
from lt_prune.angular.smoothing import FORMS
from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Stage
from lt_prune.methods.second import SECOND, TUNED
from lt_prune.models.network import Outputs
from lt_prune.setting import Setting


class ActivelySmoothed(Loss):
    """ALAS on the linear or on the angular logits; its rate follows the angular ones either way."""

    def __init__(self, counts: Sequence[int], *, tau: float, alas_form: str, alas_update: str, alas_logits: str) -> None:
        super().__init__(counts)
        self.smoothing = ActiveLabelAwareSmoothing(counts, tau=tau, form=alas_form, update=alas_update)
        self.angular = alas_logits == "angular"

    def end_epoch(self) -> None:
        self.smoothing.end_epoch()

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        angular = angular_logits(outputs.features, outputs.weight)
        return self.smoothing(angular if self.angular else outputs.logits, target, angular)  # type: ignore[no-any-return]


STAGE = Stage(
    loss=ActivelySmoothed,
    equation="-(1 - R_y) log p_y, R_y <- (tau g(mean softmax(a))_y + R_y) / 2",
    settings={
        "tau": Setting(0.75, "how far R follows the confidence; Wang & Yan try 0.25 to 1.25", high=2, published=True),
        "alas_form": Setting("concave", "g, over the classes: Eq. 8 (concave) or Eq. 9 (linear)", FORMS, published=True),
        "alas_update": Setting("batch", "when R moves: each batch (Eq. 5) or each epoch (Algorithm 1)", ("batch", "epoch")),
        "alas_logits": Setting("linear", "what p is the softmax of", ("linear", "angular")),
    },
    recipe=SECOND,
    tuned=TUNED,
)

alas = Method(
    summary="smoothing that follows the angular confidence",
    paper="Wang & Yan, Eq. 5",
    first="mixup",
    stage=STAGE,
    prediction="angular",
)

atl = Method(
    summary="AEM, then ALAS",
    paper="Wang & Yan, Algorithm 1",
    first="aem",
    stage=STAGE,
    prediction="angular",
)
