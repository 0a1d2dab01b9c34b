"""HDF5 files sealed by a checksum.

A file begins with a user block of 512 bytes that HDF5 leaves to its writer; ours holds one line, `lt-prune sha256=...`,
the digest of everything after the block. Any HDF5 reader opens the file; ours verifies every byte first.

A file may be as large as the memory that is left, so its bytes are only ever held in blocks. h5py is given an open file of
Python's: what fails, such as a full disk, is then Python's error, and what was verified is what is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from lt_prune.data.own_files import SEAL
from lt_prune.errors import ArgumentError, FileError, ForeignFileError
from lt_prune.store.atomic import replacing
from lt_prune.store.schema import SCHEMAS, check_schema
from lt_prune.store.walk import read_array, read_attributes, walk
from lt_prune.types import Array

BLOCK = 512
AT_ONCE = 1 << 22
"""Bytes of a file that are held at a time."""
AGAIN = "make it again with --overwrite"
"""What to do with a file that cannot be read."""
_DAMAGED = "damaged"
"""In place of a kind: a file of ours that says none any more."""


@dataclass(frozen=True)
class Document:
    """The content of a file: arrays by path, and attributes of a path ("/" is the file itself)."""

    arrays: Mapping[str, Any]
    """Arrays of NumPy; those that were left in the file read what is indexed, as long as it is open."""
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def write_document(path: Path, kind: str, document: Document) -> None:
    """Write a document of a kind ("scores", "subset", "set"). Arrays of text are stored as UTF-8; attributes that are no
    plain text or number as JSON.

    Raises:
        FileError: another kind of file is at `path`, which is left as it is.
    """
    refuse_foreign(path, kind)
    with replacing(path) as aside:
        with h5py.File(aside, "w", userblock_size=BLOCK) as file:
            _fill(file, kind, document)
        seal = f"lt-prune sha256={_digest(aside)}\n".encode().ljust(BLOCK, b"\0")
        aside.seek(0)
        aside.write(seal)


def refuse_foreign(path: Path, kind: str) -> None:
    """Refuse to replace what is no file of this kind.

    Raises:
        FileError: another kind of file is at `path`.
    """
    if path.exists() and _kind_of(path) not in (kind, _DAMAGED):
        raise FileError(f"{path} exists and is no {kind} file of ours: give another --out, or remove it")


@contextmanager
def open_document(path: Path, kind: str, left: Collection[str] = ()) -> Iterator[Document]:
    """A document, after verifying it. Arrays called as in `left` stay in the file: as long as the context lasts, they have
    shape, type and length, and read what is indexed.

    Raises:
        FileError: the file is missing, truncated, altered, or of a later version.
        ForeignFileError: it is of another kind, or none of ours.
    """
    with _opened(path) as file, ExitStack() as opened:
        _verify(path, file)
        try:
            document = _parse(path, kind, opened.enter_context(h5py.File(file, "r")), os.fstat(file.fileno()).st_size, left)
        except (FileError, MemoryError):
            raise
        except ArgumentError as error:
            raise FileError(f"{path} is sealed, but holds no {kind} that lt-prune wrote ({error}): {AGAIN}") from None
        except Exception:  # h5py raises many kinds on what was made up
            raise FileError(f"{path} is sealed, but holds no {kind} that lt-prune wrote: {AGAIN}") from None
        yield document


def said_of(path: Path) -> Mapping[str, Any]:
    """What a file of ours says of itself, by its head alone and not verified: enough to pass by one that is not looked for,
    without reading it whole. Empty where it says nothing."""
    try:
        with path.open("rb") as content:
            if content.read(len(SEAL)) != SEAL:
                return {}
            with h5py.File(content, "r") as file:
                return read_attributes(file)
    except Exception:  # whoever reads it says what is wrong
        return {}


def _parse(path: Path, kind: str, file: h5py.File, size: int, left: Collection[str]) -> Document:
    own = read_attributes(file)
    if own["format"] != f"lt-prune {kind}":
        raise ForeignFileError(f"{path} is an {own['format']} file, and a {kind} file was expected")
    check_schema(path, kind, own["schema_version"])
    arrays: dict[str, Any] = {}
    attributes: dict[str, Mapping[str, Any]] = {"/": own}
    for name, node in walk(file, size):
        if isinstance(node, h5py.Dataset):
            arrays[name] = node if name in left else read_array(node)
        else:
            attributes[name] = read_attributes(node)
    return Document(arrays, attributes)


def _kind_of(path: Path) -> str:
    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs["format"]).removeprefix("lt-prune ")
    except Exception:  # whatever it is, it is no whole file of ours
        return _DAMAGED if path.is_file() and _is_ours(path) else "foreign"


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SEAL)) == SEAL


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FileError(f"{path} does not exist") from None


def _verify(path: Path, file: IO[bytes]) -> None:
    block = file.read(BLOCK)
    if not block.startswith(SEAL):
        raise ForeignFileError(f"{path} is not a file that lt-prune wrote")
    if block.rstrip(b"\0").rstrip(b"\n").partition(b"=")[2].decode("ascii", "replace") != _digest(file):
        raise FileError(f"{path} is damaged (its checksum does not match): {AGAIN}, or restore a copy")


def _digest(file: IO[bytes]) -> str:
    """SHA-256, in hexadecimal, of all after the user block."""
    file.seek(BLOCK)
    digest = hashlib.sha256()
    while content := file.read(AT_ONCE):
        digest.update(content)
    return digest.hexdigest()


def _fill(file: h5py.File, kind: str, document: Document) -> None:
    file.attrs["format"] = f"lt-prune {kind}"
    file.attrs["schema_version"] = SCHEMAS[kind]
    for name, array in document.arrays.items():
        _write_array(file, name, array)
    for place, attributes in document.attributes.items():
        for key, value in attributes.items():
            file.require_group(place).attrs[key] = value if isinstance(value, (str, int, float)) else json.dumps(value)


def _write_array(file: h5py.File, name: str, array: Array) -> None:
    if array.dtype.kind in "UO":
        encoded = np.char.encode(array.astype(str), "utf-8")
        file.create_dataset(name, data=encoded.astype(h5py.string_dtype("utf-8", max(encoded.dtype.itemsize, 1))))
        return
    dataset = file.create_dataset(name, array.shape, array.dtype)
    at_once = max(1, AT_ONCE * len(array) // max(1, array.nbytes))
    for start in range(0, len(array), at_once):  # h5py copies what does not lie in order
        dataset[start : start + at_once] = array[start : start + at_once]
