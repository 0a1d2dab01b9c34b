"""Exact copies that make a test worth less, or a label wrong."""

from __future__ import annotations

import numpy as np

from lt_prune.data.survey import picture_digests
from lt_prune.types import Array, LongTailedSet


def leaks(lt_set: LongTailedSet) -> tuple[Array, Array]:
    """Digests of a set's training images, uint64 (N,), equal for exact copies whatever their labels; and which test image
    each is a copy of, the first of several, int64 (N,), -1 where there is none. All images are read once."""
    pictures = picture_digests(lt_set.pixels)
    tests, first = np.unique(picture_digests(lt_set.test_pixels), return_index=True)
    if not len(tests):
        return pictures, np.full(len(pictures), -1)
    place = np.searchsorted(tests, pictures).clip(max=len(tests) - 1)
    return pictures, np.where(tests[place] == pictures, first[place], -1)


def of_another_label(pictures: Array, labels: Array) -> Array:
    """int64 (N,): the row of an exact copy of another label, -1 where there is none.

    Args:
        pictures: uint64 (N,), equal for exact copies.
        labels: int64 (N,).
    """
    _, number = np.unique(pictures, return_inverse=True)
    order = np.lexsort((labels, number))  # of each picture the lowest label comes first, and the highest last
    low = order[np.searchsorted(number[order], number, side="left")]
    high = order[np.searchsorted(number[order], number, side="right") - 1]
    return np.where(labels[low] == labels[high], -1, np.where(labels == labels[low], high, low))
