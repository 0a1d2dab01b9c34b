"""Angular bias-directed smoothing, ABS: calibration without a second stage (Wang & Yan, Eq. 7 to 9)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from lt_prune.angular.smoothing import normalised

Form = Literal["concave", "linear"]


class AngularBiasSmoothing(nn.Module):
    """Weighs angular probabilities down by gamma = 1 - s F, the more the higher a class's lowest mean confidence.

    On the training set E[P^c] is the mean angular probability over the samples of class c, and B_i = min over c of E[P^c]_i.
    F = sin(pi/2 x) ("concave", Eq. 8) or x ("linear", Eq. 9), with x = (B - min B) / (max B - min B). Eq. 7 prints the
    training set's probabilities on its right side; the test samples' own are meant.

    Make one by `fit`. The defaults of Wang & Yan are concave with s = 0.25 on CIFAR-10, linear with s = 0.1 on CIFAR-100.
    """

    bias: Tensor

    def __init__(self, bias: Tensor, *, s: float = 0.25, form: Form = "concave") -> None:
        super().__init__()
        if form not in ("concave", "linear"):
            raise ValueError(f"form must be concave or linear, not {form!r}")
        if not 0 <= s <= 1:
            raise ValueError(f"s must be in [0, 1], not {s}")
        self.register_buffer("bias", bias)
        self.s, self.form = s, form

    @staticmethod
    @torch.no_grad()
    def fit(angular_logits: Tensor, labels: Tensor, *, s: float = 0.25, form: Form = "concave") -> AngularBiasSmoothing:
        """Measure B on a training set.

        Args:
            angular_logits: (N, M), of every training sample.
            labels: int64 (N,); a class without samples has no part in the minimum.
            s: strength; 0 leaves the angular prediction as it is.
            form: "concave" (Eq. 8) or "linear" (Eq. 9).

        Raises:
            ValueError: there are no samples, s is not in [0, 1], or there is no such form.
        """
        if not len(labels):
            raise ValueError("the bias is measured on training samples, and there are none")
        lowest = angular_logits.new_ones(angular_logits.shape[1], dtype=torch.float64)
        for c in torch.unique(labels):  # class by class: of many classes, all of them in float64 fill the memory
            lowest = lowest.minimum(torch.softmax(angular_logits[labels == c].double(), dim=1).mean(dim=0))
        return AngularBiasSmoothing(lowest.float(), s=s, form=form)

    @property
    def gamma(self) -> Tensor:
        """(M,), in [1 - s, 1]."""
        return 1 - self.s * normalised(self.bias, self.form)

    def forward(self, angular_logits: Tensor) -> Tensor:
        """gamma * softmax(a) (..., M), scaled to sum to 1; the prediction is its argmax."""
        dtype = torch.promote_types(angular_logits.dtype, torch.float32)
        weighted = self.gamma.to(dtype) * torch.softmax(angular_logits, dim=-1, dtype=dtype)
        return weighted / weighted.sum(dim=-1, keepdim=True)
