"""Weights and training states as torch files, sealed by a checksum, never unpickled into code.

`torch.save` writes a zip archive, and a zip archive may end with a comment that its readers skip. Ours holds the SHA-256 of
the file as torch wrote it: `torch.load` opens the file as it is, and `read_weights` verifies every byte first.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import torch

from lt_prune.errors import FileError
from lt_prune.store.atomic import write_bytes
from lt_prune.store.schema import SCHEMAS, check_schema

COMMENT = b"lt-prune sha256="
_NO_COMMENT = b"\0\0"
"""The end of an archive without a comment: the comment's length, in two bytes."""


def write_weights(path: Path, state: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values in one step, and with it the schema number."""
    memory = io.BytesIO()
    torch.save({"schema": SCHEMAS["weights"], **state}, memory)
    content = memory.getvalue()
    assert content.endswith(_NO_COMMENT), "torch writes archives without a comment"
    write_bytes(path, content.removesuffix(_NO_COMMENT) + _sealed_end(content))


def read_weights(path: Path, device: torch.device) -> dict[str, Any]:
    """Read such a dictionary with its tensors on `device`.

    Raises:
        FileError: the file is missing or damaged, or was not written by `write_weights`, or by that of a later version.
    """
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path} does not exist") from None
    content = sealed[: -len(_sealed_end(b""))] + _NO_COMMENT
    if not sealed.endswith(_sealed_end(content)):
        raise FileError(f"{path} is damaged, or no weights of ours: remove it and run the command again")
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError):
        raise FileError(f"{path} is sealed, but holds more than weights: remove it and run the command again") from None
    check_schema(path, "weights", state.pop("schema", 1))
    return state


def _sealed_end(content: bytes) -> bytes:
    comment = COMMENT + hashlib.sha256(content).hexdigest().encode()
    return len(comment).to_bytes(2, "little") + comment
