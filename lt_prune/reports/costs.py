"""What pruning costs in accuracy, and up to which ratio that stays within a tolerance.

Runs of one seed, on a pruned set and on the whole one, are paired: a cost is the difference of their accuracies, in points
(percent of the test samples), so that whatever a seed gives to both cancels. Over n seeds, mean + t s / sqrt(n) is the upper
confidence bound of a cost, with s the standard deviation of the differences and t Student's quantile with n - 1 degrees of
freedom. Each ratio has the deviation of its own seeds: runs on little data scatter more, so a pooled one would promise too
much there.

Ratios are tested from the smallest on, until one is not within the tolerance by its bound (Hsu & Berger 1999, Stepwise
confidence intervals without multiplicity adjustment, JASA 94): the first that is truly beyond it is passed with at most the
probability of one test, however many are tried, and whatever the shape of the curve. Overall and a group must both be
within, each by a test of its own, which needs no correction (Berger 1982, intersection-union). Several strategies share the
doubt (Bonferroni), as the best of them is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lt_prune.types import Array

CONFIDENCE = 0.9
"""With which an advice holds: all of its ratios together."""
MOST_SEEDS = 100
"""Up to which it is told how many would do."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What removing a share of the samples costs by one measure, in points, over the seeds that have both runs."""

    ratio: float
    """The fraction removed."""
    n: int
    """Seeds."""
    accuracy: float
    """Mean of the pruned runs, in percent."""
    mean: float
    """Mean of unpruned less pruned."""
    std: float | None
    """Sample standard deviation of that (ddof=1), at least one test sample; None of one seed."""
    at_most: float | None
    """The upper confidence bound of the mean; None of one seed."""


def costs(tried: Mapping[float, tuple[Array, Array]], doubt: float, step: float = 0.0) -> tuple[Cost, ...]:
    """The cost at each ratio, in ascending order.

    Args:
        tried: by ratio, accuracies in percent of the pruned and of the unpruned runs, float64 (n,) each, seed by seed.
        doubt: the probability with which a bound may be too low.
        step: by how much one test sample changes an accuracy: seeds that agree by chance are not taken to be exact.
    """
    return tuple(_cost(ratio, *tried[ratio], doubt, step) for ratio in sorted(tried))


def _cost(ratio: float, pruned: Array, whole: Array, doubt: float, step: float) -> Cost:
    lost, n = whole - pruned, len(whole)
    mean, std = float(lost.mean()), max(float(lost.std(ddof=1)), step) if n > 1 else None
    at_most = None if std is None else mean + _reach(n, doubt) * std
    return Cost(ratio=ratio, n=n, accuracy=float(pruned.mean()), mean=mean, std=std, at_most=at_most)


@cache
def _reach(n: int, doubt: float) -> float:
    """How many standard deviations the bound of a mean of n lies above it."""
    from scipy.stats import t

    return float(t.ppf(1 - doubt, n - 1) / np.sqrt(n))


def monotone(every: Sequence[Cost]) -> list[float]:
    """The curve that never falls, nearest to the means at these ratios (isotonic regression, weighted by seeds)."""
    from sklearn.isotonic import IsotonicRegression

    if not every:
        return []
    ratios, means, weights = ([getattr(cost, name) for cost in every] for name in ("ratio", "mean", "n"))
    fitted: list[float] = IsotonicRegression().fit(ratios, means, sample_weight=weights).predict(ratios).tolist()
    return fitted


def n_within(measured: Sequence[Sequence[Cost]], tolerance: float) -> int:
    """How many ratios, from the smallest on, are within the tolerance by every measure."""
    for place, at_ratio in enumerate(zip(*measured)):
        if any(cost.at_most is None or cost.at_most > tolerance for cost in at_ratio):
            return place
    return len(measured[0])


def seeds_needed(cost: Cost, tolerance: float, doubt: float) -> int | None:
    """How many seeds would bring the bound within the tolerance if mean and deviation stay as they are; None where not even
    `MOST_SEEDS` would."""
    assert cost.std is not None, "of two seeds or more"
    for n in range(cost.n + 1, MOST_SEEDS + 1):
        if cost.mean + _reach(n, doubt) * cost.std <= tolerance:
            return n
    return None
