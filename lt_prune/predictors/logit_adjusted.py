"""Logit adjustment after training (Menon et al. 2021, Eq. 9)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lt_prune.models.network import Outputs
from lt_prune.predictors import Predictor
from lt_prune.setting import Setting


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The classifier's prediction, with a constant a class taken from its logits."""

    adjustment: Tensor
    """(M,)."""

    def __call__(self, outputs: Outputs) -> Tensor:
        return torch.softmax(outputs.logits - self.adjustment.to(outputs.logits.dtype), dim=1)


def fit(outputs: None, labels: None, counts: Tensor, *, tau: float) -> Adjusted:
    """Take the prior pi from the counts; a class without samples counts as if it had one."""
    counted = counts.double().clamp(min=1)
    return Adjusted(tau * (counted / counted.sum()).log())


logit_adjusted = Predictor(
    fit=fit,
    equation="softmax(z - tau log pi), pi the shares in training",
    paper="Menon et al. 2021, Eq. 9",
    settings={"tau": Setting(1.0, "how much of the prior is taken away; 0 is the linear prediction", high=10)},
)
