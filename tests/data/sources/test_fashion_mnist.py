from __future__ import annotations

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.data.sources import Request
from lt_prune.data.sources import fashion_mnist as module
from lt_prune.data.sources.fashion_mnist import fashion_mnist
from lt_prune.errors import DataError

REAL = Path("/usr/share/datasets/fashion-mnist")
NAMES = {
    "pixels": "train-images-idx3-ubyte.gz",
    "labels": "train-labels-idx1-ubyte.gz",
    "test_pixels": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}


def idx(shape: tuple[int, ...], content: bytes) -> bytes:
    return bytes([0, 0, 8, len(shape)]) + b"".join(struct.pack(">I", size) for size in shape) + content


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


@pytest.fixture
def small(tmp_path):
    """A folder of 60 training images, 6 a class, and 10 test images, of 28 x 28."""
    values = bytes(i % 251 for i in range(60 * 784))
    write(tmp_path / NAMES["pixels"], idx((60, 28, 28), values))
    write(tmp_path / NAMES["labels"], idx((60,), bytes(i % 10 for i in range(60))))
    write(tmp_path / NAMES["test_pixels"], idx((10, 28, 28), values[::-1][: 10 * 784]))
    write(tmp_path / NAMES["test_labels"], idx((10,), bytes(range(10))))
    return tmp_path


def test_images_are_read_byte_by_byte(small):
    source = fashion_mnist(Request(path=small))
    assert source.pixels.shape == (60, 28, 28, 1)
    assert source.pixels[7, 3, 5, 0] == (7 * 784 + 3 * 28 + 5) % 251
    assert source.test_pixels.shape == (10, 28, 28, 1)


def test_labels_are_read(small):
    source = fashion_mnist(Request(path=small))
    assert source.labels.tolist() == [i % 10 for i in range(60)]
    assert source.test_labels.tolist() == list(range(10))
    assert source.class_names[9] == "ankle-boot"


def test_a_set_can_be_built_and_batched(small):
    data = lp.build(f"fashion-mnist-lt6:{small}")
    assert (data.index.counts[0], data.index.counts[-1]) == (6, 1)


def test_it_is_looked_for_in_the_folder_of_downloads(small, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEBIAN", tmp_path / "absent")
    monkeypatch.setenv("LT_PRUNE_DATA", str(tmp_path / "root"))
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "fashion-mnist").symlink_to(small)
    assert len(fashion_mnist(Request()).labels) == 60


def test_a_folder_without_it_is_named(tmp_path):
    with pytest.raises(DataError, match=rf"not in {tmp_path}: that folder has no train-images-idx3-ubyte.gz, "):
        fashion_mnist(Request(path=tmp_path))


def test_every_place_looked_in_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("LT_PRUNE_DATA", str(tmp_path / "root"))
    with pytest.raises(DataError, match=rf"{tmp_path}/debian or {tmp_path}/root/fashion-mnist"):
        fashion_mnist(Request())


@pytest.mark.parametrize("name", [NAMES["labels"], NAMES["test_pixels"], NAMES["test_labels"]])
def test_a_missing_file_is_named(small, name):
    (small / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing"):
        fashion_mnist(Request(path=small))


@pytest.mark.parametrize("part", [0.0, 0.001, 0.5, 0.999])
@pytest.mark.parametrize("name", NAMES.values())
def test_a_truncated_file_is_named(small, name, part):
    whole = (small / name).read_bytes()
    (small / name).write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(DataError, match=name):
        fashion_mnist(Request(path=small))


def test_a_flipped_bit_is_refused_or_harmless(small):
    path = small / NAMES["pixels"]
    whole, expected = path.read_bytes(), fashion_mnist(Request(path=small)).pixels
    for i in range(0, len(whole), max(1, len(whole) // 80)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 4]) + whole[i + 1 :])
        try:
            found = fashion_mnist(Request(path=small)).pixels
        except DataError:
            continue
        assert np.array_equal(found, expected), i  # a flip in gzip's own time stamp, say


def refused(folder: Path, name: str, content: bytes, says: str) -> None:
    write(folder / name, content)
    with pytest.raises(DataError, match=f"{name} .*{says}"):
        fashion_mnist(Request(path=folder))


MAGIC = {"of floats": b"\0\0\x0d\x03", "not zero": b"\0\1\x08\x03", "of another format": b"\x89PNG"}


@pytest.mark.parametrize("magic", MAGIC.values(), ids=MAGIC)
def test_a_wrong_magic_number_is_refused(small, magic):
    refused(small, NAMES["pixels"], magic + bytes(100), "not an IDX file of unsigned bytes")


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\0\0\x08\x03", b"\0\0\x08\x03" + bytes(11)])
def test_a_header_cut_short_is_refused_without_negative_numbers(small, content):
    write(small / NAMES["pixels"], content)
    with pytest.raises(DataError, match=NAMES["pixels"]) as caught:
        fashion_mnist(Request(path=small))
    assert not re.search(r" -\d", str(caught.value))


@pytest.mark.parametrize(
    ("shape", "announced"), [((3, 28, 28), "2,352"), ((2, 29, 28), "1,624"), ((2**32 - 1,) * 3, "79,228,162,458,924,")]
)
def test_sizes_beyond_the_content_are_refused_with_the_numbers(small, shape, announced):
    refused(small, NAMES["pixels"], idx(shape, bytes(2 * 784)), f"announces {announced}.*bytes but holds 1,568")


def test_content_beyond_the_sizes_is_refused(small):
    refused(small, NAMES["labels"], idx((4,), bytes(5)), "announces 4 bytes but holds 5")


def test_a_plain_file_is_no_gzip_file(small):
    (small / NAMES["labels"]).write_bytes(idx((4,), bytes(4)))
    with pytest.raises(DataError, match=f"{NAMES['labels']} is not a whole gzip file"):
        fashion_mnist(Request(path=small))


def test_images_and_labels_in_each_others_place_are_refused(small):
    images, labels = (small / NAMES[name] for name in ("pixels", "labels"))
    content = images.read_bytes()
    images.write_bytes(labels.read_bytes())
    labels.write_bytes(content)
    with pytest.raises(DataError, match="idx"):
        lp.build(f"fashion-mnist-full:{small}")


def test_images_without_height_and_width_are_refused(small):
    write(small / NAMES["pixels"], idx((60,), bytes(60)))
    write(small / NAMES["test_pixels"], idx((10,), bytes(10)))
    with pytest.raises(DataError, match="idx"):
        lp.build(f"fashion-mnist-full:{small}")


@pytest.mark.skipif(not REAL.exists(), reason="dataset-fashion-mnist is not installed")
def test_the_real_one_has_its_published_counts():
    source = fashion_mnist(Request(path=REAL))
    assert source.pixels.shape == (60_000, 28, 28, 1)
    assert np.bincount(source.labels).tolist() == [6000] * 10
    assert np.bincount(source.test_labels).tolist() == [1000] * 10
