"""Herding (Welling 2009): the mean of those kept stays near the mean of all."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, selection
from lt_prune.types import Array


@selection(
    equation="each next one is argmin_i || mu - (z_i + sum of those before) / (k + 1) ||, mu the mean of all",
    paper="Welling 2009; as in iCaRL, Rebuffi et al. 2017, Algorithm 4",
    needs=("features",),
)
def herding(group: Group, n_keep: int) -> Array:
    """n_keep * G * D operations; those that are not kept follow in the order of their ids."""
    assert group.features is not None, "the prune step gives features to every selection that needs them"
    features = group.features
    half_squares = np.einsum("gd,gd->g", features, features) / 2
    mean = features.mean(axis=0, dtype=np.float64)
    missing = np.zeros_like(mean)
    chosen = np.empty(n_keep, dtype=np.int64)
    for k in range(n_keep):
        missing += mean  # (k + 1) mu - sum of those before
        chosen[k] = here = np.argmin(half_squares - features @ missing.astype(features.dtype))
        missing -= features[here]
        half_squares[here] = np.inf
    return np.asarray(np.r_[chosen, np.flatnonzero(half_squares < np.inf)])
