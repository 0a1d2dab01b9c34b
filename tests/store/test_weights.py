from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from lt_prune.errors import FileError
from lt_prune.store.schema import SCHEMAS
from lt_prune.store.weights import read_weights, write_weights

CPU = torch.device("cpu")
STATE = {
    "network": {"weight": torch.arange(12.0).reshape(3, 4), "steps": torch.tensor(7), "half": torch.ones(5).bfloat16()},
    "epoch": 3,
    "loss": [0.5, 1 / 3],
    "name": "Käse",
    "none": None,
}


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def same(one: object, other: object) -> bool:
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)
    return type(one) is type(other) and one == other


@pytest.fixture
def path(tmp_path):
    write_weights(tmp_path / "model.pt", STATE)
    return tmp_path / "model.pt"


def flip(content: bytes, i: int, bit: int) -> bytes:
    return content[:i] + bytes([content[i] ^ 1 << bit]) + content[i + 1 :]


def test_tensors_and_plain_values_come_back(path):
    assert same(read_weights(path, CPU), STATE)


def test_any_torch_reads_it(path):
    assert same(torch.load(path, weights_only=True), {"schema": SCHEMAS["weights"], **STATE})


def test_weights_of_a_later_version_say_so(path):
    write_weights(path, {"schema": SCHEMAS["weights"] + 1, "other": "fields"})
    with pytest.raises(FileError, match=r"was written by a newer lt-prune \(schema 3, this one reads up to 2\): update"):
        read_weights(path, torch.device("cpu"))


def test_a_views_own_part_comes_back(tmp_path):
    whole = torch.arange(100.0).reshape(10, 10)
    write_weights(tmp_path / "a.pt", {"part": whole[2:4, ::2]})
    assert torch.equal(read_weights(tmp_path / "a.pt", CPU)["part"], whole[2:4, ::2])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=f"^{tmp_path}/none.pt does not exist"):
        read_weights(tmp_path / "none.pt", CPU)


def test_a_truncated_file_is_refused(path):
    content = path.read_bytes()
    for length in [*range(0, len(content), max(1, len(content) // 60)), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(FileError, match=f"{path} is damaged"):
            read_weights(path, CPU)


def test_a_flipped_bit_is_refused_or_harmless(path):
    content = path.read_bytes()
    for k, i in enumerate(np.linspace(0, len(content) - 1, 300).astype(int)):
        path.write_bytes(flip(content, i, k % 8))
        try:
            found = read_weights(path, CPU)
        except FileError:
            continue
        assert same(found, STATE), (i, k % 8)


def test_a_flipped_bit_of_the_zip_directory_is_refused_or_harmless(path):
    """The directory at the end has no checksum: an entry marked there as a folder reads as whatever memory held."""
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    wrong = []
    for i in range(start, len(content)):
        for bit in (0, 3, 4, 7):
            path.write_bytes(flip(content, i, bit))
            try:
                if not same(read_weights(path, CPU), STATE):
                    wrong.append((i - start, bit, "other content"))
            except FileError:
                continue
            except Exception as error:
                wrong.append((i - start, bit, repr(error)))
    assert wrong == []


def save_by_torch(path: Path, state: object) -> None:
    torch.save(state, path)


@pytest.mark.parametrize("write", [write_weights, save_by_torch])
def test_code_is_refused_and_not_run(tmp_path, write):
    write(tmp_path / "a.pt", {"network": Bomb(tmp_path / "exploded")})
    with pytest.raises(FileError):
        read_weights(tmp_path / "a.pt", CPU)
    assert not (tmp_path / "exploded").exists()


def test_a_pickle_alone_is_refused(tmp_path):
    torch.save(STATE, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(FileError):
        read_weights(tmp_path / "a.pt", CPU)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18)])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(FileError):
        read_weights(tmp_path / "a.pt", CPU)


def test_another_zip_file_is_refused(tmp_path):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("notes.txt", "hello")
    (tmp_path / "a.pt").write_bytes(memory.getvalue())
    with pytest.raises(FileError):
        read_weights(tmp_path / "a.pt", CPU)


def test_an_interrupted_write_leaves_the_old_weights(path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_weights(path, {"network": {}})
    assert same(read_weights(path, CPU), STATE)
    assert list(path.parent.iterdir()) == [path]


def test_writing_holds_no_copy_of_what_is_written(tmp_path):
    """A record of 24,000 samples of 8,000 classes takes 0.8 GB: bytes that Python allocates beside the tensors."""
    tracemalloc.start()
    write_weights(tmp_path / "model.pt", {"record": torch.rand(1 << 22)})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "model.pt").stat().st_size > 4 << 22
    assert most < 3 << 22
