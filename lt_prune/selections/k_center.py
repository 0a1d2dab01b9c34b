"""k-center greedy (Sener & Savarese 2018): no sample is far from one that is kept."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.types import Array


@selection(
    equation="each next one is the farthest from those before, argmax_i min_j || z_i - z_j ||; the first is at the mean",
    paper="Sener & Savarese, ICLR 2018, Algorithm 1",
    needs=("features",),
    nested=True,
)
def k_center(group: Group, n_keep: int) -> Array:
    """At most twice as far as with the best choice of as many; n_keep * G * D operations, G * G * D of a whole set, where
    those that are not kept are next in line for their classes."""
    assert group.features is not None, "the prune step gives features to every selection that needs them"
    features = group.features
    squares = np.einsum("gd,gd->g", features, features)
    mean = features.mean(axis=0, dtype=np.float64).astype(features.dtype)
    nearest = np.full(len(features), np.inf, dtype=features.dtype)
    n_chosen = len(features) if group.whole else n_keep
    chosen = np.empty(n_chosen, dtype=np.int64)
    chosen[0] = np.argmin(squares - 2 * (features @ mean))
    for k in range(n_chosen):
        if k:
            chosen[k] = np.argmax(nearest)
        here = chosen[k]
        np.minimum(nearest, squares - 2 * (features @ features[here]) + squares[here], out=nearest)
        nearest[here] = -np.inf
    left = highest_first(nearest)[: len(features) - n_chosen]
    return np.asarray(np.r_[chosen, left])
