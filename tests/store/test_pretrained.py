from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from lt_prune.errors import ArgumentError, FileError
from lt_prune.store.pretrained import digest_of_weights, read_pretrained

WEIGHTS = {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.ones(2)}


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def read(path: Path) -> dict[str, torch.Tensor]:
    return read_pretrained(path, digest_of_weights(path))


@pytest.mark.parametrize("wrap", [lambda w: w, lambda w: {"state_dict": w, "epoch": 3}, lambda w: {"model": w}])
def test_the_weights_of_a_torch_file_are_read_by_name(tmp_path, wrap):
    torch.save(wrap(WEIGHTS), tmp_path / "mine.pt")
    found = read(tmp_path / "mine.pt")
    assert list(found) == list(WEIGHTS)
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_those_of_safetensors_are_too(tmp_path):
    save_file = pytest.importorskip("safetensors.torch").save_file
    save_file(WEIGHTS, tmp_path / "mine.safetensors")
    found = read(tmp_path / "mine.safetensors")
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_without_safetensors_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    (tmp_path / "mine.safetensors").write_bytes(b"some")
    with pytest.raises(ArgumentError, match=r"is not installed: pip install 'lt-prune\[safetensors\]'$"):
        read(tmp_path / "mine.safetensors")


def test_the_digest_is_that_of_the_file_and_follows_its_content(tmp_path):
    path = tmp_path / "mine.pt"
    path.write_bytes(b"first")
    assert digest_of_weights(path) == hashlib.sha256(b"first").hexdigest()
    path.write_bytes(b"the second")
    assert digest_of_weights(path) == hashlib.sha256(b"the second").hexdigest()


def test_a_file_that_changed_meanwhile_is_refused(tmp_path):
    torch.save(WEIGHTS, tmp_path / "mine.pt")
    before = digest_of_weights(tmp_path / "mine.pt")
    torch.save({"other": torch.ones(7)}, tmp_path / "mine.pt")
    with pytest.raises(FileError, match="has changed since the run was planned"):
        read_pretrained(tmp_path / "mine.pt", before)


def test_nothing_is_unpickled(tmp_path):
    torch.save({"a": Bomb(tmp_path / "exploded")}, tmp_path / "bomb.pt")
    with pytest.raises(FileError, match="is damaged, or no torch file of weights alone"):
        read(tmp_path / "bomb.pt")
    assert not (tmp_path / "exploded").exists()


OTHER = [b"", b"root:x:0:0:root:/root:/bin/bash\n", b"h\0.", *(bytes([first]) * 40 for first in range(256))]


def test_files_of_another_kind_are_refused_by_a_sentence(tmp_path):
    """What torch's reader makes of bytes depends on the first of them, and so do its errors."""
    for content in OTHER:
        (tmp_path / "odd.pt").write_bytes(content)
        with pytest.raises(FileError, match=r"is damaged, or no torch file|holds more than weights by name"):
            read(tmp_path / "odd.pt")


@pytest.mark.parametrize(
    "content",
    [[1, 2], {"a": 3}, torch.ones(2), {"a": torch.eye(2).to_sparse()}],
    ids=["list", "numbers", "tensor", "sparse"],
)
def test_what_are_no_weights_by_name_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "odd.pt")
    with pytest.raises(FileError, match="holds more than weights by name"):
        read(tmp_path / "odd.pt")


def test_what_is_not_there_is_refused(tmp_path):
    for path in (tmp_path / "absent.pt", tmp_path):
        with pytest.raises(FileError, match="there is no weights file"):
            digest_of_weights(path)
