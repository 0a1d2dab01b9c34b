"""How near a sample is to one of another class."""

import torch
from torch import Tensor

from lt_prune.angular.logits import products
from lt_prune.metrics import LARGE, Nearest, metric
from lt_prune.metrics.features import Features, blocks


@metric(
    higher_is_harder=True,
    equation="max cos(phi_i - m, phi_j - m) over the j of other classes, m the mean of all",
    paper="the nearest enemy: Wilson & Martinez 2000",
    needs="features",
    unasked=LARGE,  # N^2 / 2 cosines
)
def near_other(features: Features, labels: Tensor) -> Nearest:
    """Near 1 of what stands under two labels.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,).

    Returns:
        (N,), in [-1, 1]; -1 where there is no other class. And the rows of those others.
    """
    found, rows, directions = torch.full_like(features.values[:, 0], -1), torch.full_like(labels, -1), features.directions
    for start, end in blocks(len(directions)):  # each pair once, for both of it
        alike = products(directions[start:end], directions[:end])
        alike.masked_fill_(labels[start:end, None] == labels[None, :end], -1)
        for some, first, along in ((slice(start, end), 0, 1), (slice(end), start, 0)):
            nearest, places = alike.max(dim=along)
            rows[some] = (first + places).where(nearest > found[some], rows[some])
            found[some] = torch.maximum(found[some], nearest)
    return Nearest(found, rows)
