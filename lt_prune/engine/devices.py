"""On which devices runs are trained, how many at once, and what reads their images ahead."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lt_prune.config.compute import Compute
from lt_prune.machine import available_cores
from lt_prune.types import Pixels, kind_of

if TYPE_CHECKING:
    from lt_prune.engine.run_queue import RunQueue

AT_ONCE = 4
"""Runs that share a GPU, where the user asks for no other number and images are small."""
_SMALL = 64 * 64
"""Pixels of such images: a step of ResNet32 holds 0.3 GB at 32 x 32 and 17 GB at 224 x 224, where one run fills a GPU."""
_STREAMS = 32
"""That torch has of a GPU: it hands out the first one again after the last."""


def devices_of(name: str) -> list[str]:
    """The devices that the name of one stands for: "cuda" for every GPU that torch finds, as "cuda:0", "cuda:1", ..."""
    if name != "cuda":
        return [name]
    import torch

    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]


def spread(devices: Sequence[str], n_runs: int) -> list[str]:
    """A device for each of so many runs at once, or of as many as there are streams: each in turn, so that they share the
    runs evenly."""
    return [devices[number % len(devices)] for number in range(min(n_runs, _STREAMS * len(devices)))]


def trained_at_once(compute: Compute, images: Iterable[Pixels]) -> int:
    """Runs on such images (N, H, W, C) that are trained at once where there are enough of them."""
    if compute.executor == "session":
        return 1
    if compute.workers:
        return compute.workers
    return available_cores() if compute.device == "cpu" else n_at_once(images) * len(devices_of(compute.device))


def n_workers(runs: RunQueue, compute: Compute) -> int:
    """How many of these runs are trained at once."""
    return min(trained_at_once(compute, [run.pixels for run in runs]), runs.most_at_once)


def n_at_once(images: Iterable[Pixels]) -> int:
    """Runs that share a GPU, on such images (N, H, W, C); fewer where images are large, as each run holds a batch's
    activations. Embeddings (N, D) are small."""
    largest = max((math.prod(pixels.shape[1:3]) for pixels in images if kind_of(pixels) == "images"), default=_SMALL)
    return max(1, min(AT_ONCE, AT_ONCE * _SMALL // largest))


def n_readers(device: str, n_runs: int = 1) -> int:
    """Processes that read images ahead for each of so many networks on `device`: none on the CPU, where reading is cheap
    beside training, nor where processes cannot fork."""
    return max(1, available_cores() // n_runs) if device == "cuda" and os.name == "posix" else 0
