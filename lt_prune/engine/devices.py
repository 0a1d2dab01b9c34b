"""Which device work runs on."""

from __future__ import annotations

import os

import torch

from lt_prune.errors import ArgumentError, LtPruneError

DEVICES = ("auto", "cpu", "cuda")


def pick_device(name: str) -> torch.device:
    """The device called "cpu" or "cuda"; "auto" is CUDA where there is one.

    Raises:
        ArgumentError: another name.
        LtPruneError: "cuda" where torch finds none.
    """
    if name not in DEVICES:
        raise ArgumentError(f"device must be one of {', '.join(DEVICES)}, not {name!r}")
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise LtPruneError("device 'cuda' was asked for, but torch finds no usable GPU here: use --device cpu or auto")
    return torch.device("cuda" if found and name != "cpu" else "cpu")


def n_readers(device: torch.device) -> int:
    """Processes that read images ahead for a network on `device`: none on the CPU, where reading is cheap beside training,
    nor where processes cannot fork."""
    return available_cores() if device.type == "cuda" and os.name == "posix" else 0


def available_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
