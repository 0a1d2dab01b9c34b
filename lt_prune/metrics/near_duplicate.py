"""How near a sample is to one of its class that is there already."""

import torch
from torch import Tensor

from lt_prune.angular.logits import products
from lt_prune.metrics import LARGE, Nearest, metric
from lt_prune.metrics.features import Features, blocks


@metric(
    higher_is_harder=False,
    equation="max cos(phi_i - m, phi_j - m) over the j of the own class before i, by id; m the mean of all, -1 of the first",
    paper="SemDeDup: Abbas et al. 2023, within classes and not clusters",
    needs="features",
    unasked=LARGE,
)
def near_duplicate(features: Features, labels: Tensor) -> Nearest:
    """High of each copy but the first, so that one of them stays where the others go. However many are taken out from above
    a similarity, no two are left that are more alike.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,).

    Returns:
        (N,), in [-1, 1], and the rows of those before.
    """
    found, rows = torch.full_like(features.values[:, 0], -1), torch.full_like(labels, -1)
    for label in torch.unique(labels):
        own = torch.where(labels == label)[0]
        own = own[features.places[own].argsort()]
        directions = features.directions[own]
        for start, end in blocks(len(own)):
            alike = products(directions[start:end], directions[:end])
            later = torch.ones_like(alike, dtype=torch.bool).triu(diagonal=start)
            nearest, places = alike.masked_fill_(later, -1).max(dim=1)
            found[own[start:end]], rows[own[start:end]] = nearest, own[places].where(nearest > -1, -1)
    return Nearest(found, rows)
