"""The class whose weights the features are at the smallest angle to (Wang & Yan, Eq. 1)."""

from __future__ import annotations

import torch
from torch import Tensor

from lt_prune.angular import angular_logits
from lt_prune.models.network import BATCH, Outputs
from lt_prune.predictors import Fitted, Predictor


def angular_of(outputs: Outputs, wanted: Tensor | None = None) -> Tensor:
    """Angular logits (B, M), of all samples or of those `wanted`, bool (B,). They are computed in the batches of a forward
    pass, so that they are rounded alike whichever are wanted."""
    split = (angular_logits(batch.features, batch.weight) for batch in outputs.split())
    return torch.cat([*split] if wanted is None else [some[own] for some, own in zip(split, torch.split(wanted, BATCH))])


def probabilities(outputs: Outputs) -> Tensor:
    """softmax(a) (B, M)."""
    return torch.softmax(angular_of(outputs), dim=1)


def fit(outputs: None, labels: None, counts: Tensor) -> Fitted:
    """Nothing is to be fitted."""
    return probabilities


angular = Predictor(fit=fit, equation="softmax(a), a_i = pi - arccos(cos(phi, W_i))", paper="Wang & Yan, Eq. 1")
