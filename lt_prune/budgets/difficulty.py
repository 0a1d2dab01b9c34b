"""How hard classes are."""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request
from lt_prune.types import Array


def from_zero(difficulty: Array) -> Array:
    """float64 (N,): difficulties as weights; where some are below 0, as where low scores are hard, the least is 0."""
    exact = difficulty.astype(np.float64)
    return exact - min(float(exact.min()), 0.0)


def class_means(request: Request, values: Array) -> Array:
    """float64 (M,): mean of the values (N,) of each class; 0 where it has no sample."""
    sums = np.bincount(request.labels, weights=values, minlength=request.n_classes)
    return np.asarray(sums / np.maximum(request.counts, 1))
