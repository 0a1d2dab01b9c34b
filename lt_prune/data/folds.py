"""Samples dealt out to folds, each of which is left out of one training."""

from __future__ import annotations

import numpy as np

from lt_prune.data.identity import mix, originals
from lt_prune.randomness import derive_seed
from lt_prune.types import Array

ALWAYS = -1
"""In place of a fold: in every training."""


def folds_of(labels: Array, ids: Array, number: int, seed: int) -> Array:
    """int64 (N,): the fold of each sample, in [0, number), by (seed, content) alone.

    Each class is dealt out in turn, one going on where the other ends, so that folds and classes within them are as even as
    they can be; exact copies stay together, as one in training gives the other away. Of a class with one picture nothing can
    be left out: its fold is -1.

    Args:
        labels: int64 (N,).
        ids: uint64 (N,), ascending.
        number: of folds, two or more.
        seed: names the draw.
    """
    first = originals(ids)
    pictures = np.flatnonzero(first == np.arange(len(ids)))
    order = pictures[np.lexsort((mix(ids[pictures], derive_seed(seed, "folds")), labels[pictures]))]
    alone = np.bincount(labels[order])[labels[order]] == 1
    folds = np.full(len(ids), ALWAYS)
    folds[order[~alone]] = np.arange((~alone).sum()) % number
    return folds[first]
