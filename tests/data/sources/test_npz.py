from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.data.sources import Request
from lt_prune.data.sources.npz import npz
from lt_prune.errors import ArgumentError, DataError

X = np.random.default_rng(0).integers(0, 256, (12, 4, 5, 3)).astype(np.uint8)
Y = np.arange(12) % 3
GOOD = {"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3]}


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def save(tmp_path):
    """Write an archive: GOOD with changes; None leaves an array out."""

    def write(compressed: bool = False, **changes) -> Path:
        path = tmp_path / "birds.npz"
        arrays = {name: array for name, array in {**GOOD, **changes}.items() if array is not None}
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        return path

    return write


def read(path: Path):
    return npz(Request(path=path))


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_are_read_as_they_are(save, compressed):
    source = read(save(compressed))
    assert np.array_equal(source.pixels, X)
    assert source.labels.tolist() == Y.tolist()
    assert np.array_equal(source.test_pixels, X[:3])
    assert source.test_labels.tolist() == [0, 1, 2]


def test_grey_images_gain_a_channel(save):
    source = read(save(x_train=X[..., 0], x_test=X[:3, ..., 0]))
    assert np.array_equal(source.pixels[..., 0], X[..., 0])
    assert source.pixels.shape == (12, 4, 5, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_labels_of_any_whole_number_type_are_taken(save, dtype):
    source = read(save(y_train=Y.astype(dtype)))
    assert source.labels.dtype == np.int64
    assert source.labels.tolist() == Y.tolist()


def test_labels_in_a_column_are_taken_as_keras_gives_them(save):
    assert read(save(y_train=Y[:, None])).labels.tolist() == Y.tolist()


def test_classes_are_numbered_where_they_have_no_names(save):
    assert read(save()).class_names == ("0", "1", "2")


def test_classes_have_the_names_given(save):
    assert read(save(class_names=np.array(["cat", "dog", "Käse"]))).class_names == ("cat", "dog", "Käse")


def test_names_given_as_bytes_are_text(save):
    assert read(save(class_names=np.array([b"cat", b"dog", b"owl"]))).class_names == ("cat", "dog", "owl")


def test_names_that_are_no_utf8_are_taken_or_refused_with_a_sentence(save):
    with contextlib.suppress(DataError):
        assert len(read(save(class_names=np.array([b"cat", b"\xff", b"owl"]))).class_names) == 3


@pytest.mark.parametrize("names", [np.array("cat"), np.zeros((3, 2))])
def test_names_that_are_no_list_are_refused(save, names):
    with pytest.raises(DataError, match="class_names"):
        read(save(class_names=names))


def test_test_images_may_be_left_out(save):
    source = read(save(x_test=None, y_test=None))
    assert source.test_pixels.shape == (0, 4, 5, 3)
    assert source.test_labels.shape == (0,)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_array_is_named(save, name):
    with pytest.raises(DataError, match=name):
        read(save(**{name: None}))


def test_what_there_is_instead_is_listed(save):
    with pytest.raises(DataError, match="no x_train and no y_train: it holds images, x_test, y_test"):
        read(save(x_train=None, y_train=None, images=X))


@pytest.mark.parametrize(
    "images",
    [X / np.float32(255), X.astype(np.int64), X.reshape(12, -1), X[0, 0, 0], X[None]],
    ids=lambda x: f"{x.dtype}{x.shape}",
)
def test_arrays_that_are_no_byte_images_are_refused_saying_what_came(save, images):
    with pytest.raises(DataError, match=rf"x_train .* must be uint8 images .* not {images.dtype} \("):
        read(save(x_train=images))


@pytest.mark.parametrize(
    "labels", [Y / 1.0, Y.astype(str), np.eye(3, dtype=int)[Y], np.array(1)], ids=lambda y: f"{y.dtype}{y.shape}"
)
def test_arrays_that_are_no_labels_are_refused(save, labels):
    with pytest.raises(DataError, match=r"y_train .* must be integer labels"):
        read(save(y_train=labels))


@pytest.mark.parametrize("name", ["x_train", "y_train", "other"])
def test_pickled_objects_are_refused_and_not_run(save, tmp_path, name):
    bomb = np.array([Bomb(tmp_path / "exploded")], dtype=object)
    with pytest.raises(DataError, match=r"not a readable .npz archive of plain arrays"):
        read(save(**{name: bomb}))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_archive_is_refused(save, compressed):
    path = save(compressed)
    content = path.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 40)):
        path.write_bytes(content[:length])
        with pytest.raises(DataError):
            read(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_flipped_bit_is_refused_or_leaves_the_images_alone(save, compressed):
    path = save(compressed)
    content = path.read_bytes()
    for i in range(0, len(content), max(1, len(content) // 200)):
        path.write_bytes(content[:i] + bytes([content[i] ^ 1 << i % 8]) + content[i + 1 :])
        try:
            source = read(path)
        except DataError:
            continue
        assert np.array_equal(source.pixels, X), i
        assert source.labels.tolist() == Y.tolist(), i


def test_every_damage_that_a_zip_reader_finds_is_refused(save):
    """The central directory's version and flags, where Python's reader raises NotImplementedError and RuntimeError."""
    path = save()
    content = path.read_bytes()
    entry = content.index(b"PK\x01\x02")
    for at, bit in ((entry + 6, 0x80), (entry + 8, 0x01), (entry + 10, 0x40)):
        path.write_bytes(content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :])
        with pytest.raises(DataError, match=r"not a readable .npz archive"):
            read(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"\x93NUMPY"])
def test_another_kind_of_file_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"not a readable .npz archive"):
        read(tmp_path / "x.npz")


def test_a_single_array_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DataError, match=r"not a readable .npz archive"):
        read(tmp_path / "x.npy")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=f"{tmp_path}/x.npz does not exist"):
        read(tmp_path / "x.npz")


def test_a_folder_is_no_archive(tmp_path):
    with pytest.raises(DataError, match=r"not a readable .npz archive"):
        read(tmp_path)


def test_no_path_is_refused():
    with pytest.raises(ArgumentError, match="npz:PATH"):
        lp.build("npz")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"y_train": Y - 1}, r"training labels must lie in \[0, 2\), but reach from -1 to 1"),
        ({"class_names": np.array(["a", "b"])}, r"training labels must lie in \[0, 2\), but reach from 0 to 2"),
        ({"y_test": np.array([0, 1, 3])}, r"test labels must lie in \[0, 3\), but reach from 0 to 3"),
        ({"y_train": Y[:-1]}, "12 training images have 11 labels"),
        ({"y_train": Y + 1}, "no training image: 0"),
        ({"y_train": Y * 0, "y_test": None, "x_test": None}, "two classes or more, and this source has 1"),
        ({"x_train": X[:0], "y_train": Y[:0], "x_test": None, "y_test": None}, "holds no image"),
        ({"x_test": X[:3, :3]}, "must be of one shape"),
    ],
)
def test_arrays_that_are_no_classification_set_are_refused(save, changes, says):
    with pytest.raises(DataError, match=says):
        lp.build(f"npz:{save(**changes)}")


def test_labels_far_beyond_the_images_are_refused_with_a_sentence(save):
    path = save(y_train=np.where(Y == 2, 1_000_000, Y))
    with pytest.raises(DataError) as caught:
        lp.build(f"npz:{path}")
    assert len(str(caught.value)) < 1000


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_a_label_of_any_size_is_refused_without_filling_the_memory(save):
    path = save(y_train=np.where(Y == 2, 2**62, Y), x_test=None, y_test=None)
    code = (
        "import resource, sys\n"
        "import lt_prune as lp\n"
        "build = lp.build\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (2**29, 2**29))\n"
        "try:\n"
        "    build(sys.argv[1])\n"
        "except lp.LtPruneError as error:\n"
        "    print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", code, f"npz:{path}"], capture_output=True, text=True)
    assert (found.returncode, found.stdout != "") == (0, True), found.stderr[-500:]


def test_an_archive_is_taken_as_it_is(save):
    data = lp.build(f"npz:{save()}")
    assert data.index.counts.tolist() == [4, 4, 4]
    assert data.index.name == "birds"
    assert data.index.file_names is None


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_that_come_first_are_found_out(save, channels):
    last = np.random.default_rng(0).integers(0, 256, (12, 8, 9, channels)).astype(np.uint8)
    first = last.transpose(0, 3, 1, 2)
    source = read(save(x_train=first, x_test=first[:3]))
    assert np.array_equal(source.pixels, last)
    assert np.array_equal(source.test_pixels, last[:3])


@pytest.mark.parametrize("shape", [(12, 8, 8, 12), (12, 5, 8, 8)])
def test_many_channels_are_told_of_as_they_are_read(save, shape):
    says = f"x_train in .* is read as images of {shape[1]} x 8 pixels with {shape[3]} channels each: put the channels last"
    with pytest.warns(UserWarning, match=says):
        assert read(save(x_train=np.zeros(shape, np.uint8), x_test=None, y_test=None)).pixels.shape == shape


@pytest.mark.parametrize("shape", [(12, 4, 5, 3), (12, 3, 3, 3), (12, 3, 20, 3), (12, 1, 20, 1)])
def test_channels_that_come_last_stay_there(save, shape):
    images = np.zeros(shape, np.uint8)
    assert read(save(x_train=images, x_test=images[:3])).pixels.shape == shape


def test_a_fifth_of_an_archive_without_test_images_is_held_out(save):
    data = lp.build(f"npz:{save(x_test=None, y_test=None)}")
    assert data.index.name == "birds-holdout0.2"
    assert (data.index.counts.tolist(), np.bincount(data.test_labels).tolist()) == ([3, 3, 3], [1, 1, 1])
    assert lp.build(f"npz:{save(x_test=None, y_test=None)}", reading=lp.Reading(holdout=0)).index.n_samples == 12


def test_no_message_advises_to_unpickle(tmp_path):
    """NumPy does, and what is unpickled may run code."""
    np.savez(tmp_path / "objects.npz", x_train=np.array([{}, 1], dtype=object), y_train=np.arange(2))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps({"x_train": 1}))
    np.save(tmp_path / "single.npy", np.array([{}], dtype=object))
    for name in ("objects.npz", "pickle.npz", "single.npy"):
        with pytest.raises(DataError, match="save plain arrays by np") as refusal:
            read(tmp_path / name)
        assert "pickle" not in str(refusal.value).replace(name, "")


@pytest.mark.parametrize("n", [12, 600])
@pytest.mark.parametrize("order", ["C", "F"])
def test_images_lie_in_the_order_of_their_axes(tmp_path, n, order):
    """So that they can be moved where they lie; more of them than are looked at together."""
    pixels = np.random.default_rng(0).integers(0, 256, (n, 3, 5, 6), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=np.asarray(pixels, order=order), y_train=np.arange(n) % 3)
    source = read(tmp_path / "a.npz")
    assert source.pixels.flags.c_contiguous
    assert np.array_equal(source.pixels, np.moveaxis(pixels, 1, 3))
