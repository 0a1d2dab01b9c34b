"""Which device work runs on, and how it computes there. Torch is loaded only where it must be asked: a process that leaves
training to its workers saves the hundreds of megabytes that it takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from lt_prune.choices import DEVICES, PRECISIONS
from lt_prune.errors import ArgumentError, LtPruneError
from lt_prune.machine import available_cores
from lt_prune.types import Arithmetic, Pixels

AT_ONCE = 4
"""Runs that share a GPU, where the user asks for no other number and images are small."""
_SMALL = 64 * 64
"""Pixels of such images: a step of ResNet32 holds 0.3 GB at 32 x 32 and 17 GB at 224 x 224, where one run fills a GPU."""
_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/nvmap", "/dev/kfd")
"""Where Linux shows the driver of a GPU: NVIDIA's, that of Windows below, that of embedded boards, and AMD's."""


def pick_device(name: str) -> str:
    """The device called "cpu" or "cuda"; "auto" is CUDA where there is one.

    Raises:
        ArgumentError: another name.
        LtPruneError: "cuda" where torch finds none.
    """
    if name not in DEVICES:
        raise ArgumentError(f"device must be one of {', '.join(DEVICES)}, not {name!r}")
    if name == "cpu":
        return "cpu"
    found = (name == "cuda" or driver_present()) and _cuda_available()
    if name == "cuda" and not found:
        raise LtPruneError("device 'cuda' was asked for, but torch finds no usable GPU here: use --device cpu or auto")
    return "cuda" if found else "cpu"


def arithmetic(device: str, precision: str = "tf32", compiled: bool = False) -> Arithmetic:
    """How networks are computed here where this is asked for: the CPU computes in float32 whatever is.

    Raises:
        ArgumentError: there is no such device or precision.
        LtPruneError: "cuda" where torch finds none.
    """
    picked = pick_device(device)
    if precision not in PRECISIONS:
        raise ArgumentError(f"precision must be {', '.join(PRECISIONS)}, not {precision!r}")
    return Arithmetic(device=picked, precision="fp32" if picked == "cpu" else precision, compiled=compiled)


def driver_present() -> bool:
    """Whether there may be a GPU that torch can use; elsewhere than on Linux it always may."""
    return not sys.platform.startswith("linux") or any(Path(driver).exists() for driver in _DRIVERS)


def _cuda_available() -> bool:
    import torch

    return torch.cuda.is_available()


def n_at_once(images: Iterable[Pixels]) -> int:
    """Runs that share a GPU, on such images (N, H, W, C); fewer where images are large, as each run holds a batch's
    activations."""
    largest = max((pixels.shape[1] * pixels.shape[2] for pixels in images), default=_SMALL)
    return max(1, min(AT_ONCE, AT_ONCE * _SMALL // largest))


def n_readers(device: str, n_runs: int = 1) -> int:
    """Processes that read images ahead for each of so many networks on `device`: none on the CPU, where reading is cheap
    beside training, nor where processes cannot fork."""
    return max(1, available_cores() // n_runs) if device == "cuda" and os.name == "posix" else 0
