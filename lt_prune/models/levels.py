"""Mean and standard deviation that training samples are normalised by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lt_prune.types import CHUNK, Array, Pixels, kind_of


def mean_and_std(samples: Pixels) -> tuple[Array, Array]:
    """float64 (C,) and (C,) of images uint8 (P, H, W, C), counted level by level and so exact; or (D,) and (D,) of
    embeddings float32 (P, D). None of the deviations is 0."""
    if kind_of(samples) == "embeddings":
        return _of_embeddings(samples)
    # By counts of the 256 levels, which are exact: the result depends neither on chunks nor on the order of samples.
    levels = np.arange(256)
    found = np.zeros((samples.shape[-1], 256), dtype=np.int64)
    for start in range(0, len(samples), CHUNK):
        some = samples[start : start + CHUNK]
        found += [np.bincount(some[..., c].ravel(), minlength=256) for c in range(len(found))]
    share = found / found.sum(axis=1, keepdims=True)
    mean = share @ levels
    variance = (share * (levels - mean[:, None]) ** 2).sum(axis=1)
    # A channel that hardly varies is not blown up: std is at least one of its 256 levels.
    return mean, np.maximum(np.sqrt(variance), 1.0)


def _of_embeddings(samples: Pixels) -> tuple[Array, Array]:
    mean = _mean_of(samples, lambda some: some)
    std = np.sqrt(_mean_of(samples, lambda some: (some - mean) ** 2))
    return mean, np.where(std > 0, std, 1.0)


def _mean_of(samples: Pixels, of: Callable[[Array], Array]) -> Array:
    """float64 (D,): the mean over samples of what is made of them, chunk by chunk."""
    starts = range(0, len(samples), CHUNK)
    sums = (of(np.asarray(samples[start : start + CHUNK], dtype=np.float64)).sum(axis=0) for start in starts)
    return np.asarray(sum(sums) / len(samples))
