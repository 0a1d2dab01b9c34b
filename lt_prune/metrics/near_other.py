"""How near a sample is to one of another class."""

import torch
from torch import Tensor

from lt_prune.angular.logits import products
from lt_prune.metrics import LARGE, metric
from lt_prune.metrics.features import Features, blocks


@metric(
    higher_is_harder=True,
    equation="max cos(phi_i - m, phi_j - m) over the j of other classes, m the mean of all",
    paper="the nearest enemy: Wilson & Martinez 2000",
    needs="features",
    unasked=LARGE,  # N^2 / 2 cosines
)
def near_other(features: Features, labels: Tensor) -> Tensor:
    """Near 1 of what stands under two labels.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,).

    Returns:
        (N,), in [-1, 1]; -1 where there is no other class.
    """
    found, directions = torch.full_like(features.values[:, 0], -1), features.directions
    for start, end in blocks(len(directions)):  # each pair once, for both of it
        alike = products(directions[start:end], directions[:end])
        alike.masked_fill_(labels[start:end, None] == labels[None, :end], -1)
        found[start:end] = torch.maximum(found[start:end], alike.amax(dim=1))
        found[:end] = torch.maximum(found[:end], alike.amax(dim=0))
    return found
