"""Long-tailed profiles and the selection that cuts a set to them (Wang & Yan, Eq. 10; Cui et al. 2019)."""

from __future__ import annotations

import math

import numpy as np

from lt_prune.data.identity import mix
from lt_prune.errors import ArgumentError
from lt_prune.types import Array


def exponential_counts(n_max: int, imbalance: float, n_classes: int) -> Array:
    """int64 (M,): floor(n_max * imbalance^(-c / (M - 1))) for class c (Wang & Yan, Eq. 10, with the minus it lacks)."""
    rank = np.arange(n_classes) / max(n_classes - 1, 1)
    # The small term keeps a product that is a whole number on paper, such as 500 * 50^-1, from being floored below it.
    return np.floor(n_max * imbalance**-rank + 1e-9).astype(np.int64)


def step_counts(n_max: int, imbalance: float, n_classes: int) -> Array:
    """int64 (M,): n_max for the first half of the classes, floor(n_max / imbalance) for the rest."""
    few = math.floor(n_max / imbalance + 1e-9)
    return np.where(np.arange(n_classes) < n_classes // 2, n_max, few).astype(np.int64)


def profile_counts(profile: str, n_max: int, imbalance: float, n_classes: int) -> Array:
    """Class counts of a profile, "exp" or "step".

    Raises:
        ArgumentError: the imbalance ratio is not a number of 1 or more, or a class would get no sample.
    """
    counts = _counts(profile, n_max, imbalance, n_classes)
    if counts.min() < 1:
        raise ArgumentError(
            f"imbalance {imbalance:g} needs at least {math.ceil(imbalance):,} images in the largest class, but it gets "
            f"{n_max:,}, so the smallest would get none: ask for less, or for --profile none to take the set as it is"
        )
    return counts


def largest_possible(profile: str, imbalance: float, available: Array) -> int:
    """The most images that the largest class can have so that no class is asked for more than is `available` (M,), which
    are in the order of the profile; at least 1.

    Raises:
        ArgumentError: as `profile_counts` does.
    """
    low, high = 1, int(available[0])
    while low < high:
        middle = (low + high + 1) // 2
        fits = (_counts(profile, middle, imbalance, len(available)) <= available).all()
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def select_by_content(labels: Array, digests: Array, occurrence: Array, counts: Array, seed: int) -> Array:
    """Source indices of `counts[c]` samples of each class, chosen by (seed, content) alone.

    The choice is the same whatever the source's order, and a smaller count always chooses a part of what a larger one does:
    a set of ratio 100 is contained in the set of ratio 50. Exact duplicates enter in the order of their occurrence.
    """
    order = np.lexsort((occurrence, mix(digests, seed)))
    return _first_of_each_class(order, labels, counts)


def select_mislas(labels: Array, counts: Array, seed: int) -> Array:
    """Source indices chosen as MiSLAS's `IMBALANCECIFAR10` does: one legacy NumPy shuffle a class, in the source's order.

    For comparison with published runs; it depends on the order of the source.

    Raises:
        ArgumentError: the seed is not one that NumPy's legacy generator takes.
    """
    if not 0 <= seed < 2**32:
        raise ArgumentError(f"the mislas selection needs a seed in [0, 2^32), not {seed}")
    random = np.random.RandomState(seed)
    chosen = []
    for label, count in enumerate(counts):
        members = np.flatnonzero(labels == label)
        random.shuffle(members)
        chosen.append(members[:count])
    return np.concatenate(chosen)


def _counts(profile: str, n_max: int, imbalance: float, n_classes: int) -> Array:
    if not 1 <= imbalance < math.inf:
        raise ArgumentError(f"imbalance must be a number of 1 or more (largest class over smallest), not {imbalance}")
    return {"exp": exponential_counts, "step": step_counts}[profile](n_max, imbalance, n_classes)


def _first_of_each_class(order: Array, labels: Array, counts: Array) -> Array:
    by_class = [order[labels[order] == label][:count] for label, count in enumerate(counts)]
    return np.concatenate(by_class)
