"""The classifier's rows brought nearer to one length after training (Kang et al. 2020, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lt_prune.models.head import LINEAR
from lt_prune.models.network import Outputs
from lt_prune.predictors import Predictor
from lt_prune.setting import Setting


@dataclass(frozen=True)
class TauNormalised:
    """Each row, times the class's learned scale, by its length to the power tau; the bias takes no part."""

    tau: float

    def __call__(self, outputs: Outputs) -> Tensor:
        rows = outputs.scaled_weight
        length = torch.linalg.vector_norm(rows, dim=1)
        by = torch.where(length > 0, length, 1) ** self.tau  # a row of zeros stays
        return torch.softmax(outputs.features @ rows.T / by, dim=1)


def fit(outputs: None, labels: None, counts: Tensor, *, tau: float) -> TauNormalised:
    """Nothing is to be fitted."""
    return TauNormalised(tau)


tau_norm = Predictor(
    fit=fit,
    equation="softmax(W' phi), W'_i = W_i / |W_i|^tau",
    paper="Kang et al. 2020, section 4",
    settings={
        "tau": Setting(1.0, "1 brings all rows to one length, 0 leaves them; the bias is left out either way", high=10)
    },
    head=LINEAR,  # a cosine classifier compares rows at one length already, and gives other logits than these products
)
