"""Moderate coreset (Xia et al. 2023): what is as far from its class as most are."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.types import Array


@selection(
    equation="the least | d - median(d) | first, d = || z - median of the class's z ||",
    paper="Moderate: Xia et al., ICLR 2023, section 3",
    needs=("features",),
    nested=True,
)
def moderate(group: Group, n_keep: int) -> Array:
    """The median of the embeddings is one of each coordinate."""
    assert group.features is not None, "the prune step gives features to every selection that needs them"
    distance = np.empty(len(group.ids))
    by_class = np.argsort(group.labels, kind="stable")
    for own in np.split(by_class, np.flatnonzero(np.diff(group.labels[by_class])) + 1):
        features = group.features[own].astype(np.float64)
        distance[own] = np.linalg.norm(features - np.median(features, axis=0), axis=1)
    return highest_first(-np.abs(distance - np.median(distance)))
