"""Which device work runs on, and how it computes there. Torch is loaded only where it must be asked: a process that leaves
training to its workers saves the hundreds of megabytes that it takes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lt_prune.errors import ArgumentError, LtPruneError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("tf32", "fp32", "bf16")
AT_ONCE = 4
"""Runs that share a GPU, where the user asks for no other number."""
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


def driver_present() -> bool:
    """Whether there may be a GPU that torch can use; elsewhere than on Linux it always may."""
    return not sys.platform.startswith("linux") or any(Path(driver).exists() for driver in _DRIVERS)


def _cuda_available() -> bool:
    import torch

    return torch.cuda.is_available()


def n_readers(device: str) -> int:
    """Processes that read images ahead for a network on `device`: none on the CPU, where reading is cheap beside training,
    nor where processes cannot fork."""
    return available_cores() if device == "cuda" and os.name == "posix" else 0


def available_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
