"""Weights and training states as torch files, sealed by a checksum, never unpickled into code.

`torch.save` writes a zip archive, and a zip archive may end with a comment that its readers skip. Ours holds the SHA-256 of
the file as torch wrote it: `torch.load` opens the file as it is, and `read_weights` verifies every byte first. A file that
is whole may still be of someone else's making, so what is read of it is checked against what it is for before it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor, nn

from lt_prune.errors import ArgumentError, FileError
from lt_prune.store.atomic import replacing
from lt_prune.store.checks import arithmetic_of, is_number
from lt_prune.store.schema import SCHEMAS, check_schema
from lt_prune.store.tensors import read_archive

COMMENT = b"lt-prune sha256="
_AT_ONCE = 1 << 22
"""Bytes of a file that are held at a time."""
_NO_COMMENT = b"\0\0"
"""The end of an archive without a comment: the comment's length, in two bytes."""


def write_weights(path: Path, state: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values in one step, and with it the schema number.

    A record of the training may be as large as all else in memory, so no copy of the file is held.
    """
    with replacing(path) as file:
        torch.save({"schema": SCHEMAS["weights"], **state}, file)
        seal = _digest(file)
        file.seek(-len(_NO_COMMENT), os.SEEK_END)
        assert file.read() == _NO_COMMENT, "torch writes archives without a comment"
        file.seek(-len(_NO_COMMENT), os.SEEK_END)
        file.write(_sealed_end(seal))


def read_weights(path: Path, device: torch.device) -> dict[str, Any]:
    """Read such a dictionary with its tensors on `device`.

    Raises:
        FileError: the file is missing or damaged, or was not written by `write_weights`, or by that of a later version.
    """
    try:
        state = read_archive(_content_of(path))
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise ArgumentError("it holds no fields")
        check_schema(path, "weights", state.pop("schema", 1))
    except ArgumentError as error:
        raise FileError(f"{path} is sealed, but holds no weights ({error}): remove it and run the command again") from None
    return {name: _placed(value, device) for name, value in state.items()}


def load_state(path: Path, what: str, module: nn.Module, state: object) -> None:
    """Put what was read of a module into it.

    Raises:
        FileError: it is not that module's: other names, types or shapes.
    """
    wanted = module.state_dict()
    if not isinstance(state, dict) or state.keys() != wanted.keys() or not all(map(_alike, state.values(), wanted.values())):
        raise FileError(f"{path} holds no {what} of this run: remove it and run the command again")
    module.load_state_dict(state)


def load_momentum(path: Path, optimizer: torch.optim.Optimizer, momentum: object) -> None:
    """Put what was read of an optimizer's momentum, by number of parameter, into it.

    Raises:
        FileError: it is not of that optimizer's parameters.
    """
    groups = optimizer.param_groups
    parameters = dict(enumerate(parameter for group in groups for parameter in group["params"]))
    kept = momentum if isinstance(momentum, dict) else {}
    lacking = groups[0]["momentum"] and not kept
    if lacking or not all(_is_momentum(held, parameters.get(number)) for number, held in kept.items()):
        raise FileError(f"{path} holds no momentum of this run: remove it and run the command again")
    # The groups stay this optimizer's own: they hold what differs from device to device.
    optimizer.load_state_dict({"state": kept, "param_groups": optimizer.state_dict()["param_groups"]})


def _is_momentum(held: object, parameter: Tensor | None) -> bool:
    if parameter is None or not isinstance(held, dict) or held.keys() != {"momentum_buffer"}:
        return False
    return held["momentum_buffer"] is None or _alike(held["momentum_buffer"], parameter)


def check_training(path: Path, saved: Mapping[str, Any]) -> None:
    """Refuse what is no state of a training, apart from its tensors.

    Raises:
        FileError: fields are missing, or of another kind.
    """
    try:
        loss, identity = saved["loss"], json.loads(saved["run"]) if "run" in saved else saved["identity"]
        arithmetic_of(saved.get("computed", {}))
        json.dumps(identity)  # what it is told apart by is no tensor
        first, epochs = identity.get("first"), identity["epochs"]
        fits = isinstance(loss, list) and all(map(is_number, (*loss, saved["seconds"]))) and len(loss) <= epochs
        fits = fits and (first is None or isinstance(first["method"], str))
        fits = fits and (len(loss) < epochs) == (saved["momentum"] is not None)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, ArgumentError):
        fits = False
    if not fits:
        raise FileError(f"{path} holds no state of a training: remove it and run the command again")


def _alike(found: object, wanted: Tensor) -> bool:
    """Whether something is a tensor of the same type and shape."""
    return isinstance(found, Tensor) and found.dtype == wanted.dtype and found.shape == wanted.shape


def _placed(value: Any, device: torch.device) -> Any:
    """The same with every tensor in it on a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {name: _placed(each, device) for name, each in value.items()}
    return [_placed(each, device) for each in value] if isinstance(value, list) else value


def _content_of(path: Path) -> bytes:
    """A file of ours as torch wrote it."""
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path} does not exist") from None
    content = sealed[: -len(_sealed_end(hashlib.sha256().hexdigest()))] + _NO_COMMENT
    if not sealed.endswith(_sealed_end(hashlib.sha256(content).hexdigest())):
        raise FileError(f"{path} is damaged, or no weights of ours: remove it and run the command again")
    return content


def _digest(file: IO[bytes]) -> str:
    """SHA-256, in hexadecimal, of all of a file, of which a block is held at a time."""
    file.seek(0)
    digest = hashlib.sha256()
    while content := file.read(_AT_ONCE):
        digest.update(content)
    return digest.hexdigest()


def _sealed_end(seal: str) -> bytes:
    comment = COMMENT + seal.encode()
    return len(comment).to_bytes(2, "little") + comment
