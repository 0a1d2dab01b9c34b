"""Exact copies among the images of a set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lt_prune.types import Array


def copies_found(labels: Array, pictures: Array, test_pictures: Array, names: Sequence[str] | None = None) -> str:
    """What exact copies there are, as a part of a sentence; "" where there are none.

    Args:
        labels: int64 (N,), of the training images.
        pictures: uint64 (N,), equal for exact copies (see `lt_prune.data.survey`).
        test_pictures: uint64 (T,), of the test images.
        names: N names of files, where there are any; the first of each kind of copy are told.
    """
    _, first, number = np.unique(pictures, return_index=True, return_inverse=True)
    original = first[number]
    copies = np.flatnonzero(original != np.arange(len(pictures)))
    alike = labels[copies] == labels[original[copies]]
    in_test = int(np.isin(test_pictures, pictures).sum())
    parts = []
    for where, what in ((copies[alike], "within a class"), (copies[~alike], "of an image of another class")):
        if len(where):
            example = f" ({names[where[0]]} of {names[original[where[0]]]})" if names else ""
            parts.append(f"{len(where):,} {what}{example}")
    if in_test:
        seen = np.flatnonzero(np.isin(pictures, test_pictures))[0]
        parts.append(f"{in_test:,} of training images among the test images{f' ({names[seen]})' if names else ''}")
    return ", ".join(parts)
