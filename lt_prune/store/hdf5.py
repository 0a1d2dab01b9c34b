"""HDF5 files sealed by a checksum.

A file begins with a user block of 512 bytes that HDF5 leaves to its writer; ours holds one line, `lt-prune sha256=...`,
the digest of everything after the block. Any HDF5 reader opens the file; ours verifies every byte first.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lt_prune.errors import ArgumentError, FileError
from lt_prune.store.atomic import write_bytes
from lt_prune.store.schema import SCHEMAS, check_schema
from lt_prune.store.walk import read_array, read_attributes, walk
from lt_prune.types import Array

BLOCK = 512


@dataclass(frozen=True)
class Document:
    """The content of a file: arrays by path, and attributes of a path ("/" is the file itself)."""

    arrays: Mapping[str, Array]
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def write_document(path: Path, kind: str, document: Document) -> None:
    """Write a document of a kind ("scores", "subset", "set"). Arrays of text are stored as UTF-8; attributes that are no
    plain text or number as JSON.

    Raises:
        FileError: another kind of file is at `path`, which is left as it is.
    """
    if path.exists() and _kind_of(path) != kind:
        raise FileError(f"{path} exists and is no {kind} file of ours: give another --out, or remove it")
    memory = io.BytesIO()
    with h5py.File(memory, "w", userblock_size=BLOCK) as file:
        file.attrs["format"] = f"lt-prune {kind}"
        file.attrs["schema_version"] = SCHEMAS[kind]
        for name, array in document.arrays.items():
            _write_array(file, name, array)
        for place, attributes in document.attributes.items():
            for key, value in attributes.items():
                file.require_group(place).attrs[key] = value if isinstance(value, (str, int, float)) else json.dumps(value)
    content = memory.getvalue()[BLOCK:]
    seal = f"lt-prune sha256={hashlib.sha256(content).hexdigest()}\n".encode()
    write_bytes(path, seal.ljust(BLOCK, b"\0") + content)


def read_document(path: Path, kind: str) -> Document:
    """Read a document back, after verifying it.

    Raises:
        FileError: the file is missing, truncated, altered, of another kind, or of a later version.
    """
    content = _verified(path)
    try:
        return _parse(path, kind, content)
    except (FileError, MemoryError):
        raise
    except ArgumentError as error:
        raise FileError(f"{path} is sealed, but holds no {kind} that lt-prune wrote ({error}): make it again") from None
    except Exception:  # h5py raises many kinds on what was made up
        raise FileError(f"{path} is sealed, but holds no {kind} that lt-prune wrote: make it again") from None


def _parse(path: Path, kind: str, content: bytes) -> Document:
    with h5py.File(io.BytesIO(content), "r") as file:
        own = read_attributes(file)
        if own["format"] != f"lt-prune {kind}":
            raise FileError(f"{path} is an {own['format']} file, and a {kind} file was expected")
        check_schema(path, kind, own["schema_version"])
        arrays: dict[str, Array] = {}
        attributes: dict[str, Mapping[str, Any]] = {"/": own}
        for name, node in walk(file, len(content)):
            if isinstance(node, h5py.Dataset):
                arrays[name] = read_array(node)
            else:
                attributes[name] = read_attributes(node)
    return Document(arrays, attributes)


def _kind_of(path: Path) -> str:
    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs["format"]).removeprefix("lt-prune ")
    except Exception:  # whatever it is, it is not ours
        return "foreign"


def _verified(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path} does not exist") from None
    if not content.startswith(b"lt-prune sha256="):
        raise FileError(f"{path} is not a file that lt-prune wrote")
    written = content[:BLOCK].rstrip(b"\0").rstrip(b"\n").partition(b"=")[2].decode("ascii", "replace")
    if hashlib.sha256(content[BLOCK:]).hexdigest() != written:
        raise FileError(f"{path} is damaged (its checksum does not match): make it again or restore a copy")
    return content


def _write_array(file: h5py.File, name: str, array: Array) -> None:
    if array.dtype.kind in "UO":
        encoded = np.char.encode(array.astype(str), "utf-8")
        file.create_dataset(name, data=encoded.astype(h5py.string_dtype("utf-8", max(encoded.dtype.itemsize, 1))))
    else:
        file.create_dataset(name, data=array)
