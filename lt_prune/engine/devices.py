"""Which device work runs on."""

from __future__ import annotations

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
