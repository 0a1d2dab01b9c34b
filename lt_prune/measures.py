"""Numbers that say what a pruning did, and how far a ranking can be relied on: plain functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def effective_classes(counts: Array) -> float:
    """How many classes of one size are as diverse as these: 1 / sum p_c^2, the inverse of Simpson's index (Hill 1973, order
    2). M where all are of one size, near 1 where one class has nearly all samples.

    Unlike the effective number of samples of Cui et al. 2019, it has no beta to be chosen.

    Args:
        counts: int (M,), samples of each class, not all 0.
    """
    shares = np.asarray(counts, dtype=np.float64) / np.sum(counts)
    return float(1 / np.square(shares).sum())


def jaccard(one: Array, other: Array) -> float:
    """What two selections, bool (N,), have in common, as a share of what either has; 1 of two that are empty."""
    either = int((one | other).sum())
    return float((one & other).sum() / either) if either else 1.0


def spearman(one: Array, other: Array) -> float | None:
    """Spearman's rank correlation of two rows of numbers (N,), in [-1, 1]; None where one of them has no order."""
    found = rank_correlations(np.stack([one, other]))[0, 1]
    return None if np.isnan(found) else float(found)


def rank_correlations(rows: Array) -> Array:
    """Spearman's of all pairs of rows (K, N), float64 (K, K); not a number with a row that has no order."""
    from scipy.stats import rankdata

    ranks = rankdata(rows, axis=1) - (rows.shape[1] + 1) / 2
    squared = np.square(ranks).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.clip(ranks @ ranks.T / np.sqrt(np.outer(squared, squared)), -1, 1))


def halves(per_member: Array) -> tuple[Array, Array]:
    """Mean scores (N,) by the members at even and at odd places, of scores (K, N) by two members or more; float64."""
    even, odd = (per_member[first::2].mean(axis=0, dtype=np.float64) for first in (0, 1))
    return even, odd


def rank_stability(per_member: Array) -> float | None:
    """How far two halves of an ensemble rank alike: Spearman's correlation of their mean scores.

    That of ensembles of half the size: the whole one is steadier. None of one member, or where a half has no order.

    Args:
        per_member: scores (K, N).
    """
    return spearman(*halves(per_member)) if len(per_member) > 1 else None
