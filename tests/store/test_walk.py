"""HDF5 that someone else made and sealed: each of these has ended a reader, or led it out of the file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from documents import read_document

from lt_prune.errors import FileError


def sealed(path: Path, make: Callable[[h5py.File], object]) -> Path:
    """A file of the right format and seal, whose content `make` adds to."""
    memory = io.BytesIO()
    with h5py.File(memory, "w", userblock_size=512) as file:
        file.attrs["format"] = "lt-prune set"
        file.attrs["schema_version"] = 1
        file["ids"] = np.arange(3)
        make(file)
    content = memory.getvalue()[512:]
    path.write_bytes(f"lt-prune sha256={hashlib.sha256(content).hexdigest()}\n".encode().ljust(512, b"\0") + content)
    return path


def virtual(file: h5py.File, source: str) -> None:
    layout = h5py.VirtualLayout((3,), "u8")
    layout[:] = h5py.VirtualSource(source, "ids", (3,))
    file.create_virtual_dataset("pixels", layout)


def in_a_circle(file: h5py.File) -> None:
    file.create_group("a")["b"] = file["/"]


def objects(file: h5py.File, dtype: np.dtype, *values: object) -> None:
    file.create_dataset("pixels", data=np.array(values, dtype=object), dtype=dtype)


def attribute(file: h5py.File, value: object, dtype: object = None) -> None:
    file.attrs.create("name", value, dtype=dtype)


ODD = {
    "external file": lambda f: f.create_dataset("pixels", (10,), "u1", external=[("/etc/passwd", 0, 10)]),
    "external link": lambda f: f.__setitem__("pixels", h5py.ExternalLink("other.h5", "/ids")),
    "soft link": lambda f: f.__setitem__("pixels", h5py.SoftLink("/ids")),
    "dangling link": lambda f: f.__setitem__("pixels", h5py.SoftLink("/nothing")),
    "link in a circle": in_a_circle,
    "twice": lambda f: f.__setitem__("pixels", f["ids"]),
    "virtual, of another file": lambda f: virtual(f, "other.h5"),
    "virtual, of itself": lambda f: virtual(f, "."),
    "never written": lambda f: f.create_dataset("pixels", (10**7, 10**7), "u8"),
    "packed": lambda f: f.create_dataset("pixels", data=np.zeros(10**7, "u1"), compression="gzip"),
    "in pieces": lambda f: f.create_dataset("pixels", (10**9,), "u8", chunks=(10**6,)),
    "objects": lambda f: objects(f, h5py.ref_dtype, f.ref, f["ids"].ref),
    "text of any length": lambda f: objects(f, h5py.string_dtype(), "a", "b"),
    "lists": lambda f: objects(f, h5py.vlen_dtype("i4"), np.arange(2), np.arange(3)),
    "fields": lambda f: f.create_dataset("pixels", data=np.zeros(3, [("a", "i4"), ("b", "f8")])),
    "arrays in an array": lambda f: f.create_dataset("pixels", (2,), dtype=np.dtype(("i4", (3,)))),
    "bytes without a meaning": lambda f: f.create_dataset("pixels", data=np.zeros(3, "V5")),
    "complex": lambda f: f.create_dataset("pixels", data=np.zeros(3, "c8")),
    "nothing": lambda f: f.__setitem__("pixels", h5py.Empty("f4")),
    "one number": lambda f: f.__setitem__("pixels", 3),
    "a type": lambda f: f.__setitem__("pixels", np.dtype("i4")),
    "attribute of references": lambda f: attribute(f, f.ref, h5py.ref_dtype),
    "attribute of many": lambda f: attribute(f, np.arange(5)),
    "attribute of nothing": lambda f: attribute(f, h5py.Empty("f4")),
    "format of a number": lambda f: f.attrs.__setitem__("format", 3),
    "schema of a word": lambda f: f.attrs.__setitem__("schema_version", "1"),
    "no schema": lambda f: f.attrs.__delitem__("schema_version"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_leads_elsewhere_or_is_no_plain_array_is_refused(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    with h5py.File("other.h5", "w") as file:
        file["ids"] = np.arange(3)
    with pytest.raises(FileError) as refusal:
        read_document(sealed(tmp_path / "a.h5", ODD[case]), "set")
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith(f"{tmp_path}/a.h5 ")


def test_an_array_that_ends_beyond_the_file_is_refused(tmp_path):
    content = sealed(tmp_path / "a.h5", lambda f: f.create_dataset("pixels", data=np.full(9000, 7, "u1"))).read_bytes()[512:]
    cut = content[: content.index(bytes([7]) * 9000) + 100]
    (tmp_path / "a.h5").write_bytes(f"lt-prune sha256={hashlib.sha256(cut).hexdigest()}\n".encode().ljust(512, b"\0") + cut)
    with pytest.raises(FileError):
        read_document(tmp_path / "a.h5", "set")


def test_groups_within_groups_are_read(tmp_path):
    def nested(file: h5py.File) -> None:
        file["a/b/c"] = np.arange(4)
        file["a/b"].attrs["hard"] = "high"
        file["a/none"] = np.zeros((0, 3))

    document = read_document(sealed(tmp_path / "a.h5", nested), "set")
    assert document.arrays["a/b/c"].tolist() == [0, 1, 2, 3]
    assert document.arrays["a/none"].shape == (0, 3)
    assert document.attributes["a/b"] == {"hard": "high"}
