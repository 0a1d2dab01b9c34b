"""Which training samples belong to a stream of batches alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lt_prune.randomness import generator
from lt_prune.types import Array


def split(labels: Array, numbers: Sequence[int], seed: int) -> tuple[Array, list[Array]]:
    """Hold so many samples of each class out for each of several streams, all but one of a class at most.

    Args:
        labels: int64 (N,), in the order of the set.
        numbers: of each class, for each stream.
        seed: with class and number of samples, names the draw.

    Returns:
        Places in `labels`, ascending: of what is left, and for each stream of what it holds out.
    """
    owner = np.full(len(labels), -1)
    for c in np.unique(labels) if any(numbers) else ():
        own = np.flatnonzero(labels == c)
        drawn = own[torch.randperm(len(own), generator=generator(seed, "held out", int(c))).numpy()]
        ends = np.minimum(np.cumsum(numbers), len(own) - 1)
        for stream, (start, end) in enumerate(zip([0, *ends], ends)):
            owner[drawn[start:end]] = stream
    left, *held = (np.flatnonzero(owner == stream) for stream in range(-1, len(numbers)))
    return left, held
