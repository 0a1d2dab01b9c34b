"""Images that are seen to be those that a set was made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lt_prune.data.identity import content_digests, mix
from lt_prune.data.image_files import ImageFiles
from lt_prune.errors import DataError, MismatchError
from lt_prune.types import Array, SampleIndex

DRAWN = 256
"""Samples looked at where each must be read: drawn by a fixed seed, so that the same call sees the same ones."""
_REPEATS = 4096
"""Exact copies of one image that are recognised."""


def check_files(index: SampleIndex, rows: Array, files: Sequence[Path], remedy: str) -> None:
    """Read some of the files as they were read when the set was made.

    Args:
        rows: int64 (B,), of the index.
        files: that of each.
        remedy: what to do where one has changed.

    Raises:
        MismatchError: one is no image, or another one than it was.
    """
    drawn = drawn_of(len(rows))
    names = [str(files[i].absolute()) for i in drawn]
    try:
        pixels = ImageFiles.of(Path("/"), names, index.reading.get("resize"))[:]
    except DataError as error:
        raise MismatchError(f"the dataset has other images than the subset was chosen from: {error}") from None
    if (wrong := np.flatnonzero(np.isin(rows[drawn], unlike(index, rows[drawn], pixels)))).size:
        raise MismatchError(
            f"{files[drawn[wrong[0]]]} has another content than when the subset was chosen, as have {len(wrong):,} of "
            f"{len(drawn):,} files looked at: {remedy}"
        )


def unlike(index: SampleIndex, rows: Array, pixels: Array) -> Array:
    """Those of the rows (B,) whose id is not that of the image (B, H, W, C) and of their label."""
    digests = content_digests(pixels, index.labels[rows])
    differing = np.flatnonzero(digests != index.ids[rows])
    repeats = np.arange(1, _REPEATS)
    # A repeat of an exact copy has an id of its own, made of the digest, which is that of the first copy, and its number.
    known = np.isin(digests, index.ids)
    return rows[[i for i in differing if not (known[i] and index.ids[rows[i]] in mix(digests[i], repeats))]]


def drawn_of(n: int) -> Array:
    """int64, ascending: so many of n as are looked at."""
    return np.sort(np.random.default_rng(0).permutation(n)[:DRAWN])
