"""Draws by weight, which depend on (seed, id)."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first
from lt_prune.types import Array


def weighted_order(group: Group, log_weights: Array, use: str) -> Array:
    """int64 (G,): the order of draws without replacement, each in proportion to the weights that are left.

    By the Gumbel-max trick: the order of log weight plus standard Gumbel noise has that distribution (Kool et al. 2019).

    Args:
        log_weights: float64 (G,); -inf is drawn last.
        use: names the draw.
    """
    uniform = ((group.draw(use) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return highest_first(log_weights - np.log(-np.log(uniform)))
