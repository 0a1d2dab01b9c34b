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
    return highest_first(_perturbed(group, log_weights, use))


def importance_weights(group: Group, log_weights: Array, use: str, n_keep: int) -> Array:
    """float64 (G,): 1 over the probability that a sample is among the first `n_keep` of `weighted_order`, given the one that
    comes next: with these the sum over those kept is without bias (Kool et al. 2019, section 4.1).

    Args:
        log_weights, use: as for `weighted_order`.
    """
    if n_keep == len(log_weights):
        return np.ones(n_keep)
    threshold = np.sort(_perturbed(group, log_weights, use))[-n_keep - 1]
    with np.errstate(divide="ignore", over="ignore"):  # of what is certain not to be kept
        return np.asarray(-1 / np.expm1(-np.exp(log_weights - threshold)))


def _perturbed(group: Group, log_weights: Array, use: str) -> Array:
    uniform = ((group.draw(use) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    perturbed: Array = log_weights - np.log(-np.log(uniform))
    return perturbed
