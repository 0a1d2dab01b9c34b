from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from documents import read_document
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lt_prune.errors import FileError
from lt_prune.store import hdf5
from lt_prune.store.hdf5 import Document, open_document, write_document

SMALL = Document(
    {"ids": np.arange(40, dtype=np.uint64), "metrics/avh/mean": np.linspace(0, 1, 40, dtype=np.float32)},
    {"/": {"name": "digits"}, "metrics/avh": {"hard": "high"}},
)


@pytest.fixture
def path(tmp_path):
    write_document(tmp_path / "a.h5", "scores", SMALL)
    return tmp_path / "a.h5"


def reseal(path: Path) -> None:
    """Put the right checksum on an edited file, as someone who means it would."""
    content = path.read_bytes()[512:]
    path.write_bytes(f"lt-prune sha256={hashlib.sha256(content).hexdigest()}\n".encode().ljust(512, b"\0") + content)


def test_arrays_and_attributes_come_back(path):
    document = read_document(path, "scores")
    assert document.arrays.keys() == SMALL.arrays.keys()
    for name, array in SMALL.arrays.items():
        assert document.arrays[name].dtype == array.dtype
        assert np.array_equal(document.arrays[name], array)
    assert document.attributes["/"]["name"] == "digits"
    assert document.attributes["metrics/avh"] == {"hard": "high"}


def test_the_seal_is_the_sha256_of_all_after_the_block(path):
    content = path.read_bytes()
    expected = f"lt-prune sha256={hashlib.sha256(content[512:]).hexdigest()}\n".encode()
    assert content[:512] == expected + bytes(512 - len(expected))


def test_any_hdf5_reader_opens_it(path):
    with h5py.File(path) as file:
        assert file.attrs["format"] == "lt-prune scores"
        assert file.attrs["schema_version"] == 4
        assert file["ids"][:].tolist() == list(range(40))
        assert file["metrics/avh"].attrs["hard"] == "high"


ANY_ARRAY = hnp.arrays(
    st.sampled_from([np.uint8, np.int64, np.uint64, np.float32, np.float64, bool]),
    hnp.array_shapes(max_dims=3, min_side=0, max_side=5),
)


@settings(max_examples=40, deadline=None)
@given(ANY_ARRAY)
def test_every_plain_array_comes_back_as_it_was(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("any") / "a.h5"
    write_document(path, "set", Document({"x": array}))
    found = read_document(path, "set").arrays["x"]
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=5))
def test_every_list_of_texts_comes_back(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("any") / "a.h5"
    write_document(path, "set", Document({"names": np.array(texts, dtype=object)}))
    assert read_document(path, "set").arrays["names"].tolist() == texts


@pytest.mark.parametrize("value", ["", "Käse 猫", 7, -(2**62), 0.45, 1e-300])
def test_plain_attributes_come_back(tmp_path, value):
    write_document(tmp_path / "a", "set", Document({}, {"/": {"key": value}}))
    found = read_document(tmp_path / "a", "set").attributes["/"]["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", [[1, 2], {"a": None}, None])
def test_other_attributes_are_json(tmp_path, value):
    write_document(tmp_path / "a", "set", Document({}, {"/": {"key": value}}))
    assert json.loads(read_document(tmp_path / "a", "set").attributes["/"]["key"]) == value


def test_the_same_document_gives_the_same_bytes(tmp_path, path):
    write_document(tmp_path / "b.h5", "scores", SMALL)
    assert (tmp_path / "b.h5").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("length", [0, 1, 15, 16, 80, 511, 512, 513, 1000, -100, -1])
def test_a_truncated_file_is_refused(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileError, match=r"is damaged|is not a file that lt-prune wrote"):
        read_document(path, "scores")


def test_every_flip_of_a_bit_in_the_seal_is_refused(path):
    content = path.read_bytes()
    for i in [*range(85), 100, 511]:
        path.write_bytes(content[:i] + bytes([content[i] ^ 1 << i % 8]) + content[i + 1 :])
        with pytest.raises(FileError):
            read_document(path, "scores")


def test_bytes_behind_the_end_are_refused(path):
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(FileError, match="is damaged"):
        read_document(path, "scores")


def test_a_damaged_file_is_named_with_what_to_do(path):
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        FileError, match=rf"^{path} is damaged \(its checksum .*\): make it again with --overwrite, or restore a copy$"
    ):
        read_document(path, "scores")


def test_another_kind_is_refused_naming_both(path):
    with pytest.raises(FileError, match=r"is an lt-prune scores file, and a subset file was expected"):
        read_document(path, "subset")


def test_a_later_schema_version_is_refused(path):
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 5
    reseal(path)
    said = r"was written by a newer lt-prune \(schema 5, this one reads up to 4\): update lt-prune"
    with pytest.raises(FileError, match=said):
        read_document(path, "scores")


def test_a_resealed_edit_is_read(path):
    with h5py.File(path, "r+") as file:
        file["ids"][0] = 99
    reseal(path)
    assert read_document(path, "scores").arrays["ids"][0] == 99


def test_an_edit_that_is_not_resealed_is_refused(path):
    with h5py.File(path, "r+") as file:
        file["ids"][0] = 99
    with pytest.raises(FileError, match="is damaged"):
        read_document(path, "scores")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=f"^{tmp_path}/none.h5 does not exist$"):
        read_document(tmp_path / "none.h5", "scores")


def test_another_hdf5_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["ids"] = np.arange(3)
    with pytest.raises(FileError, match="is not a file that lt-prune wrote"):
        read_document(tmp_path / "a.h5", "scores")


@pytest.mark.parametrize("content", [b"", b"hello", b"lt-prune", b"lt-prune sha256=", b"lt-prune sha256=\xff\xfe"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(FileError):
        read_document(tmp_path / "a.h5", "scores")


def test_a_seal_around_something_else_is_refused(tmp_path):
    (tmp_path / "a.h5").write_bytes(bytes(512) + b"no HDF5 at all")
    reseal(tmp_path / "a.h5")
    with pytest.raises(FileError):
        read_document(tmp_path / "a.h5", "scores")


def test_a_file_of_its_own_kind_is_replaced(path):
    write_document(path, "scores", Document({"ids": np.arange(3)}))
    assert read_document(path, "scores").arrays["ids"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("content", [b"", b"my thesis", bytes(5000)])
def test_a_foreign_file_is_not_replaced(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileError, match="exists and is no scores file of ours"):
        write_document(tmp_path / "a", "scores", SMALL)
    assert (tmp_path / "a").read_bytes() == content


def test_a_file_of_another_kind_is_not_replaced(path):
    before = path.read_bytes()
    with pytest.raises(FileError, match="exists and is no set file of ours"):
        write_document(path, "set", SMALL)
    assert path.read_bytes() == before


def test_another_hdf5_file_is_not_replaced(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["mine"] = 1
    with pytest.raises(FileError, match="exists and is no set file of ours"):
        write_document(tmp_path / "a.h5", "set", SMALL)


def test_arrays_can_be_left_in_the_file(path):
    with open_document(path, "scores", left=("ids",)) as document:
        assert not isinstance(document.arrays["ids"], np.ndarray)
        assert isinstance(document.arrays["metrics/avh/mean"], np.ndarray)
        assert document.arrays["ids"].shape == (40,)
        assert document.arrays["ids"][5:8].tolist() == [5, 6, 7]


def test_a_damaged_file_is_refused_before_an_array_of_it_is_read(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(FileError, match="is damaged"), open_document(path, "scores", left=("ids", "metrics/avh/mean")):
        pass


@pytest.mark.parametrize("axes", [(0, 2, 3, 1), (3, 2, 1, 0)])
def test_arrays_in_any_order_of_memory_of_any_size_come_back(tmp_path, monkeypatch, axes):
    monkeypatch.setattr(hdf5, "AT_ONCE", 100)
    array = np.random.default_rng(0).integers(0, 256, (7, 3, 9, 5), dtype=np.uint8).transpose(axes)
    write_document(tmp_path / "a.h5", "set", Document({"x": array}))
    assert np.array_equal(read_document(tmp_path / "a.h5", "set").arrays["x"], array)


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
@pytest.mark.parametrize("arrays", ["{'x': np.zeros(10**7, np.uint8)}", "{f'x{i}': np.zeros(2_000) for i in range(999)}"])
def test_a_full_disk_leaves_the_file_as_it_was_and_the_next_one_is_written(path, arrays):
    before = path.read_bytes()
    code = (
        "import resource, sys\nimport numpy as np\nfrom pathlib import Path\n"
        "from lt_prune.store.hdf5 import Document, open_document, write_document\n"
        "path = Path(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))\n"
        "try:\n"
        f"    write_document(path, 'scores', Document({arrays}))\n"
        "except OSError as error:\n"
        "    print(error.filename == str(path), *(each.name for each in path.parent.iterdir()))\n"
        "write_document(path.with_name('next.h5'), 'scores', Document({'x': np.arange(3)}))\n"
        "with open_document(path.with_name('next.h5'), 'scores') as document:\n"
        "    print(document.arrays['x'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True a.h5\n[0 1 2]\n", "")
    assert path.read_bytes() == before
