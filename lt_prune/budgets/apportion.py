"""Whole numbers in proportion to weights: the one place that makes budgets exact."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from lt_prune.budgets import Request
from lt_prune.errors import ArgumentError
from lt_prune.types import Array


def apportion(request: Request, weights: Array, least: Array | None = None) -> Array:
    """int64 (M,): `n_keep` samples in proportion to the weights, no class above what it has and none below `least`.

    What a full class cannot take, and what another is given beyond its share, goes to and comes from the others in
    proportion to theirs. What remains of samples goes by largest remainder.

    Args:
        request: what is to be kept, and what each class has.
        weights: float (M,), 0 or more; a class of weight 0 gets what no other can take.
        least: int64 (M,): what each class keeps in any case, by default the request's.

    Raises:
        ArgumentError: the least is more than is kept in all.
    """
    low, high = request.least if least is None else least, request.counts
    if low.sum() > request.n_keep:
        raise ArgumentError(
            f"{request.n_keep:,} of {high.sum():,} samples are to be kept, and the budget needs {low.sum():,}, up to "
            f"{low.max():,} of each class: ask for a smaller ratio"
        )
    whole = np.floor(shares := _level(request.n_keep, weights, low, high)).astype(np.int64)
    return largest_remainder(whole, shares - whole, request.n_keep, high)


def largest_remainder(whole: Array, remainder: Array, total: int, high: Array) -> Array:
    """int64 (M,): whole shares, and one more each for those with the largest remainders until they sum to `total`.

    A class that is full at `high` is passed over, and those next in line get more, round by round. Ties fall to the first
    class. `total` is at most the sum of `high`, and at least that of the shares.
    """
    quota: Array = np.minimum(whole, high)
    order = np.argsort(-remainder, kind="stable")
    while (left := total - int(quota.sum())) > 0:
        quota[order[(quota < high)[order]][:left]] += 1
    return quota


def _level(total: int, weights: Array, low: Array, high: Array) -> Array:
    """float64 (M,): level * weights, cut to [low, high], at the level at which they sum to `total`."""
    top = float(weights.max())
    weights = np.maximum(weights / top, 1e-12) if top > 0 else np.ones(len(weights))  # all are alike then
    points = np.unique(np.r_[low / weights, high / weights])  # between two, the same classes are cut
    sums = [float(np.clip(level * weights, low, high).sum()) for level in points]
    place = bisect_right(sums, total)
    if place in (0, len(points)):  # all are at their least, or at their most
        return np.asarray(np.clip(points[max(place - 1, 0)] * weights, low, high), dtype=np.float64)
    between = (points[place - 1] + points[place]) / 2
    shares: Array = np.clip(between * weights, low, high)
    free = (shares > low) & (shares < high)
    shares[free] = (total - shares[~free].sum()) * weights[free] / weights[free].sum()
    return shares
