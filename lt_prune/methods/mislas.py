"""MiSLAS (Zhong et al. 2021): mixup, then label-aware smoothing with learnable weight scaling."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lt_prune.angular import LabelAwareSmoothing
from lt_prune.angular.smoothing import FORMS
from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Stage
from lt_prune.methods.second import SECOND, TUNED
from lt_prune.models.network import Outputs
from lt_prune.setting import Setting


class Smoothed(Loss):
    """Label-aware smoothing on the linear logits."""

    def __init__(
        self, counts: Sequence[int], *, smooth_head: float, smooth_tail: float, smooth_form: str, smooth_spread: str
    ) -> None:
        super().__init__(counts)
        self.smoothing = LabelAwareSmoothing(
            counts, smooth_head=smooth_head, smooth_tail=smooth_tail, form=smooth_form, spread=smooth_spread
        )

    def forward(self, outputs: Outputs, target: Tensor) -> Tensor:
        return self.smoothing(outputs.logits, target)  # type: ignore[no-any-return]


LAS = {
    "smooth_head": Setting(0.3, "smoothing of the most frequent class", high=1, published=True),
    "smooth_tail": Setting(0.0, "smoothing of the least frequent class", high=1, published=True),
    "smooth_form": Setting("concave", "how it runs between them over the class counts", FORMS),
    "smooth_spread": Setting("others", "which classes share it: others (Eq. 4), or all (MiSLAS's code)", ("others", "all")),
}
EQUATION = "-(1 - f(n_y)) log p_y - f(n_y)/(M-1) sum of the other log p, p = softmax(z)"

mislas = Method(
    summary="label-aware smoothing and learned weight scaling",
    paper="Zhong et al. 2021, Eq. 4 to 6; Wang & Yan, Eq. 4",
    first="mixup",
    stage=Stage(
        loss=Smoothed, equation=EQUATION, settings=LAS, recipe={**SECOND, "trained": "classifier+scale"}, tuned=TUNED
    ),
)
