"""How many runs, and what reads their images ahead, a device takes at once."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

from lt_prune.machine import available_cores
from lt_prune.types import Pixels, kind_of

AT_ONCE = 4
"""Runs that share a GPU, where the user asks for no other number and images are small."""
_SMALL = 64 * 64
"""Pixels of such images: a step of ResNet32 holds 0.3 GB at 32 x 32 and 17 GB at 224 x 224, where one run fills a GPU."""


def n_at_once(images: Iterable[Pixels]) -> int:
    """Runs that share a GPU, on such images (N, H, W, C); fewer where images are large, as each run holds a batch's
    activations. Embeddings (N, D) are small."""
    largest = max((math.prod(pixels.shape[1:3]) for pixels in images if kind_of(pixels) == "images"), default=_SMALL)
    return max(1, min(AT_ONCE, AT_ONCE * _SMALL // largest))


def n_readers(device: str, n_runs: int = 1) -> int:
    """Processes that read images ahead for each of so many networks on `device`: none on the CPU, where reading is cheap
    beside training, nor where processes cannot fork."""
    return max(1, available_cores() // n_runs) if device == "cuda" and os.name == "posix" else 0
