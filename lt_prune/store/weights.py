"""Weights and training states as torch files, verified by their zip checksums, never unpickled into code."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from lt_prune.errors import FileError
from lt_prune.store.atomic import write_bytes


def write_weights(path: Path, state: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values in one step."""
    memory = io.BytesIO()
    torch.save(state, memory)
    write_bytes(path, memory.getvalue())


def read_weights(path: Path, device: torch.device) -> dict[str, Any]:
    """Read such a dictionary with its tensors on `device`.

    Raises:
        FileError: the file is missing or damaged, or holds anything but tensors and plain values.
    """
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            broken = archive.testzip()
        if broken is None:
            state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
            return state
    except FileNotFoundError:
        raise FileError(f"{path} does not exist") from None
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, NotImplementedError):
        pass
    raise FileError(f"{path} is damaged: remove it and run the command again")
