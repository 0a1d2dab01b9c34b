"""A test set held out of a source that has none, by (seed, content)."""

from __future__ import annotations

import numpy as np

from lt_prune.data.identity import mix
from lt_prune.types import Array

_USE = 0x7E57
"""Tells this draw from the one that cuts a set by the same seed."""


def held_out(labels: Array, pictures: Array, share: float, seed: int) -> Array:
    """Which samples are the test set: in each class `share` of them, at least one where there are two.

    The choice depends on (seed, content) alone, not on the order of the source. Exact copies stay together: those of one
    class are held out together or not at all, so that a class of many copies may give a few less, and a picture that
    stands in several classes stays in training.

    Args:
        labels: int64 (N,).
        pictures: uint64 (N,), equal for exact copies (see `lt_prune.data.survey`).
        share: in [0, 1).
        seed: names the choice.

    Returns:
        bool (N,).
    """
    chosen = np.zeros(len(labels), dtype=bool)
    if share == 0:
        return chosen
    alone = ~np.isin(pictures, _in_several_classes(labels, pictures))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        taken = _taken(pictures[own[alone[own]]], wanted=_wanted(len(own), share), most=len(own) - 1, seed=seed)
        chosen[own] = np.isin(pictures[own], taken)
    return chosen


def _wanted(n: int, share: float) -> int:
    return min(max(round(share * n), 1), n - 1)


def _in_several_classes(labels: Array, pictures: Array) -> Array:
    """The pictures that bear more than one label."""
    pairs = np.unique(np.stack([pictures, labels.astype(np.uint64)], axis=1), axis=0)
    found, classes = np.unique(pairs[:, 0], return_counts=True)
    return found[classes > 1]


def _taken(pictures: Array, *, wanted: int, most: int, seed: int) -> Array:
    """Pictures of a class in the order of the draw while they and their copies are no more than `wanted`; where each has
    more copies than that, the one of fewest, if those are at most `most`."""
    found, copies = np.unique(pictures, return_counts=True)
    order = np.argsort(mix(mix(found, _USE), seed), kind="stable")
    taken, n = [], 0
    for i in order:
        if n + copies[i] <= wanted:
            taken.append(found[i])
            n += copies[i]
    if not taken and len(order):
        fewest = order[np.argmin(copies[order])]
        taken = [found[fewest]] if copies[fewest] <= most else []
    return np.array(taken, dtype=np.uint64)
