"""The total direct effect (Tang et al. 2020, section 4.2): the mean direction of the training features takes no part."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lt_prune.models.cosine import COSINE, Cosines
from lt_prune.models.network import Outputs
from lt_prune.predictors import Predictor
from lt_prune.setting import Setting


@dataclass(frozen=True, eq=False)
class DirectEffect:
    """The prediction of what is left of each head's features, at length 1, once alpha times their projection on the mean
    direction is taken away."""

    mean: Tensor
    """(K, D / K), at length 1 in each head."""
    alpha: float

    def __call__(self, outputs: Outputs) -> Tensor:
        how: Cosines = outputs.how
        directions = how.directions(outputs.features)
        mean = self.mean.to(directions.dtype)
        along = (directions * mean).sum(dim=-1, keepdim=True) * mean
        logits = how.logits(directions - self.alpha * along, outputs.weight)
        return torch.softmax(logits if outputs.scale is None else outputs.scale * logits, dim=1)


def fit(outputs: Outputs, labels: Tensor, counts: Tensor, *, alpha: float) -> DirectEffect:
    """Take the mean of the training features. That of Tang et al.'s code follows the batches of training instead; the two
    serve alike, as the first author says."""
    mean = outputs.features.double().mean(dim=0, keepdim=True)
    return DirectEffect(outputs.how.directions(mean)[0], alpha)


tde = Predictor(
    fit=fit,
    equation="softmax(scale/K sum_k (f_k - alpha cos(f_k, d_k) d_k) . w_k), f, d and w at length 1, d the mean feature",
    paper="Tang et al. 2020, section 4.2",
    needs_outputs=True,
    settings={
        "alpha": Setting(1.0, "how much of the mean direction is taken away; 0 is the linear prediction", published=True),
    },
    head=COSINE,
)
