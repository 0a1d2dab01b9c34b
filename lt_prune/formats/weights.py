"""Weights for a `torch.utils.data.WeightedRandomSampler`: every class as often as any other."""

from __future__ import annotations

import numpy as np

from lt_prune.formats.listed import Listed
from lt_prune.formats.npy import as_npy


def written(listed: Listed) -> bytes:
    """float64: one over the samples of the class among those asked for, in the order of npy's places and `torch_subset`."""
    labels = listed.subset.index.labels[listed.rows_of(listed.chosen)]
    return as_npy(1 / np.bincount(labels, minlength=1)[labels])
