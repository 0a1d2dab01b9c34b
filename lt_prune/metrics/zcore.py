"""ZCore-style coverage: which samples cover the space of embeddings, in random planes of it, and which are redundant."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lt_prune.metrics import LARGE, metric
from lt_prune.metrics.features import Features
from lt_prune.randomness import derive_seed
from lt_prune.types import Array

PLANES = 200
DRAWS = 10
"""Points drawn a sample, over all planes."""
REDUNDANT = 16
"""Neighbours that a covering sample makes redundant; by the fourth power of the distance the rest would hardly count."""


@metric(
    higher_is_harder=True,
    equation="#{points that the sample is nearest to} - sum over covering neighbours of d^-4 / sum d^-4, in random planes; "
    "from 0, the least, to 1",
    paper="Griffin et al. 2024 (ZCore), by its code without the random start",
    needs="features",
    unasked=LARGE,
)
def zcore(features: Features, labels: Tensor) -> Tensor:
    """In [0, 1]; high is what ZCore keeps. A plane is two of the D numbers, a point of it is drawn from the triangle of
    least, median and largest number of each, and distances are |x| + |y|. By a fixed seed, and by what the samples are.

    Where its code draws each point in a plane of its own and looks at 1,000 neighbours, here several points share one of 200
    planes, 10 are drawn a sample, and 16 neighbours are looked at.

    Most of it is chance, where members have features of their own: `lt-prune audit` says how far two halves of an ensemble
    agree.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,), which take no part.

    Returns:
        float32 (N,).
    """
    order = features.order.cpu().numpy()
    found = np.zeros(len(order))
    found[order] = _shares(_covered(features.values.cpu().numpy()[order]))
    return torch.from_numpy(found).to(features.values)


def _shares(score: Array) -> Array:
    """From the least, 0, to the largest, 1."""
    width = np.ptp(score)
    return (score - score.min()) / width if width else np.zeros_like(score)


def _covered(values: Array) -> Array:
    """float64 (N,): what the points in all planes say."""
    random = np.random.default_rng(derive_seed(0, "zcore"))
    least, median, largest = values.min(axis=0), np.median(values, axis=0), values.max(axis=0)
    varied, score = np.flatnonzero(least < largest), np.zeros(len(values))
    n_points = -(-DRAWS * len(values) // PLANES)
    for _ in range(PLANES if varied.size else 0):
        plane = random.choice(varied, min(2, varied.size), replace=False)
        points = random.triangular(least[plane], median[plane], largest[plane], (n_points, plane.size))
        _cover(score, values[:, plane], points)
    return score


def _cover(score: Array, values: Array, points: Array) -> None:
    """Add what points (P, 2) of a plane say of the samples, (N, 2) in that plane."""
    from scipy.spatial import cKDTree

    # Points on the same coordinates stand for one another: the first is looked at.
    tree, n_near = cKDTree(values), min(REDUNDANT + 1, len(values))
    covering = tree.query(points, k=1, p=1)[1]
    np.add.at(score, covering, 1)
    distances, near = tree.query(values[covering], k=list(range(1, n_near + 1)), p=1)
    np.add.at(score, near, -_penalties(distances, near == covering[:, None]))


def _penalties(distances: Array, own: Array) -> Array:
    """(P, K): how much each neighbour is made redundant, 1 in all; copies take all of it, the covering sample nothing."""
    if distances.shape[1] == 1:
        return np.zeros_like(distances)
    distances = np.where(own, np.inf, distances)
    nearest = distances.min(axis=1, keepdims=True)
    shares = np.where(nearest > 0, nearest / np.where(distances > 0, distances, 1), distances == 0) ** 4.0
    penalties: Array = shares / shares.sum(axis=1, keepdims=True)
    return penalties
