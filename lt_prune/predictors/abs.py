"""ABS, angular bias-directed smoothing (Wang & Yan, Eq. 7 to 9): calibration without a second stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lt_prune.angular import AngularBiasSmoothing
from lt_prune.choices import ABS_FORMS
from lt_prune.models.network import Outputs
from lt_prune.predictors import Predictor
from lt_prune.predictors.angular import angular_of
from lt_prune.setting import Setting

AT_ONCE = 1 << 26
"""Angular logits that are held at a time, 256 MB: of thousands of classes, those of all samples fill the memory."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Angular probabilities, smoothed by the bias of the training samples."""

    smoothing: AngularBiasSmoothing

    def __call__(self, outputs: Outputs) -> Tensor:
        probabilities: Tensor = self.smoothing(angular_of(outputs))
        return probabilities


def fit(outputs: Outputs, labels: Tensor, counts: Tensor, *, s: float, abs_form: Literal["concave", "linear"]) -> Smoothed:
    """Measure the bias on training samples; it is the lowest of what is measured on some classes at a time."""
    block = torch.cumsum(counts, 0).sub(1).mul(len(counts)).div(AT_ONCE, rounding_mode="floor")[labels]
    measured = [
        AngularBiasSmoothing.fit(angular_of(outputs, block == number), labels[block == number], s=s, form=abs_form).bias
        for number in torch.unique(block)
    ]
    return Smoothed(AngularBiasSmoothing(torch.stack(measured).amin(dim=0), s=s, form=abs_form))


abs_ = Predictor(
    fit=fit,
    equation="gamma softmax(a), gamma = 1 - s F(bias in training)",
    paper="Wang & Yan, Eq. 7 to 9",
    needs_outputs=True,
    settings={
        "s": Setting(0.25, "strength of the smoothing; 0 is the angular prediction", high=1, published=True),
        "abs_form": Setting(
            "concave",
            "F, over a class's lowest mean confidence: Eq. 8 (concave) or Eq. 9 (linear)",
            ABS_FORMS,
            published=True,
        ),
    },
)
