"""Files of weights that others have trained: safetensors, or torch files of plain tensors. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lt_prune.errors import ArgumentError, FileError

if TYPE_CHECKING:  # who only asks for a digest need not load torch
    from torch import Tensor

_WITHIN = ("state_dict", "model")
"""Where training scripts put the weights in a file that holds more."""


def digest_of_weights(path: Path) -> str:
    """SHA-256 of the file, in hexadecimal.

    Raises:
        FileError: it is missing.
    """
    try:
        said = path.stat()
        return _digest(path, said.st_mtime_ns, said.st_size)
    except (FileNotFoundError, IsADirectoryError):
        raise FileError(f"there is no weights file {path}: name a .safetensors file, or one of torch") from None


@lru_cache
def _digest(path: Path, changed: int, size: int) -> str:
    """Of a file of this state: a sweep asks for it once a run."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_pretrained(path: Path, digest: str) -> dict[str, Tensor]:
    """Weights by name, on the CPU.

    Args:
        path: the file, .safetensors or one of torch.
        digest: what it must have, see `digest_of_weights`.

    Raises:
        ArgumentError: it is of safetensors, which is not installed.
        FileError: it is missing, has changed, or holds no weights.
    """
    if digest_of_weights(path) != digest:
        raise FileError(f"{path} has changed since the run was planned: run the command again")
    found = _safetensors(path) if path.suffix == ".safetensors" else _of_torch(path)
    for name in _WITHIN:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not all(_is_dense(value) for value in found.values()):
        raise FileError(f"{path} holds more than weights by name: save the state_dict of a model alone")
    return dict(found)


def _is_dense(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor) and value.layout == torch.strided and not value.is_quantized


def _safetensors(path: Path) -> Any:
    try:
        from safetensors.torch import load
    except ImportError:
        raise ArgumentError(
            f"{path} is read by safetensors, which is not installed: pip install 'lt-prune[safetensors]'"
        ) from None
    try:
        return load(path.read_bytes())
    except Exception as error:  # its errors have no class in common
        raise FileError(f"{path} is no whole safetensors file ({error}): fetch it again") from None


def _of_torch(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():  # what it says of a file that is none of torch's helps nobody
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception:
        # Its errors have no class in common, and its own words advise to unpickle the file after all.
        raise FileError(f"{path} is damaged, or no torch file of weights alone: save the state_dict of a model") from None
