"""The classifier's own prediction."""

from __future__ import annotations

import torch
from torch import Tensor

from lt_prune.models.network import Outputs
from lt_prune.predictors import Fitted, Predictor


def probabilities(outputs: Outputs) -> Tensor:
    """softmax(z) (B, M)."""
    return torch.softmax(outputs.logits, dim=1)


def fit(outputs: None, labels: None, counts: Tensor) -> Fitted:
    """Nothing is to be fitted."""
    return probabilities


linear = Predictor(fit=fit, equation="softmax(z), z = W phi + b", paper="the plain baseline")
