"""Images of a source, put in the order of a set."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lt_prune.data.image_files import take
from lt_prune.types import Array, Pixels

_FEW = 0.25
"""Share of an array below which a part of it is copied: that takes less than keeping the whole of it."""
_BANDS = 16
"""Parts of all images that are moved one after the other, so that only one is held twice."""


def placed(pixels: Pixels, parts: Sequence[Array], *, fresh: bool) -> list[Pixels]:
    """The images at each of several lists of rows, no row twice.

    Files stay unread. Images in memory are copied; or where they are `fresh`, nobody else's and in the order of C, moved
    where they lie: `pixels` is in another order then, and what is given are parts of it.
    """
    rows = np.concatenate(parts)
    if not fresh or not isinstance(pixels, np.ndarray) or len(rows) < _FEW * len(pixels):
        return [take(pixels, part) for part in parts]
    _reorder(pixels, np.concatenate([rows, np.setdiff1d(np.arange(len(pixels)), rows)]))
    ends = np.cumsum([len(part) for part in parts])
    return [pixels[end - len(part) : end] for part, end in zip(parts, ends)]


def _reorder(images: Array, order: Array) -> None:
    flat = images.reshape(len(images), math.prod(images.shape[1:]))
    width = max(1, flat.shape[1] // _BANDS)
    for start in range(0, flat.shape[1], width):
        band = slice(start, start + width)
        flat[:, band] = flat[order, band]
