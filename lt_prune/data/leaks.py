"""Exact copies that make a test worth less, or a label wrong."""

from __future__ import annotations

import numpy as np

from lt_prune.data.survey import picture_digests
from lt_prune.types import Array, LongTailedSet


def leaks(lt_set: LongTailedSet) -> tuple[Array, Array]:
    """Digests of a set's training images, uint64 (N,), equal for exact copies whatever their labels; and whether each is
    among the test images, too, bool (N,). All images are read once."""
    pictures = picture_digests(lt_set.pixels)
    return pictures, np.isin(pictures, picture_digests(lt_set.test_pixels))


def under_two_labels(pictures: Array, labels: Array) -> Array:
    """bool (N,): which samples have an exact copy of another label.

    Args:
        pictures: uint64 (N,), equal for exact copies.
        labels: int64 (N,).
    """
    _, number = np.unique(pictures, return_inverse=True)
    pairs = np.unique(np.stack([number, labels]), axis=1)
    return np.asarray(np.bincount(pairs[0])[number] > 1)
