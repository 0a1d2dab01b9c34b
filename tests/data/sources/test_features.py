from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.data.sources import Request
from lt_prune.data.sources.features import features
from lt_prune.errors import ArgumentError, DataError

X = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
Y = np.arange(12) % 3
GOOD = {"x_train": X, "y_train": Y, "x_test": X[:3] + 1, "y_test": Y[:3]}


@pytest.fixture(params=["archive", "folder"])
def save(request, tmp_path):
    """Write an archive or a folder: GOOD with changes; None leaves an array out."""

    def write(**changes) -> Path:
        arrays = {name: array for name, array in {**GOOD, **changes}.items() if array is not None}
        path = tmp_path / ("clip.npz" if request.param == "archive" else "clip")
        if request.param == "archive":
            np.savez(path, **arrays)
            return path
        path.mkdir()
        for name, array in arrays.items():
            np.save(path / f"{name}.npy", array)
        return path

    return write


def test_embeddings_and_labels_come_as_they_were_saved(save):
    source = features(Request(path=save(class_names=np.array(["cat", "dog", "owl"]))))
    assert np.array_equal(source.pixels, X)
    assert np.array_equal(source.test_pixels, X[:3] + 1)
    assert (source.labels.tolist(), source.test_labels.tolist()) == (Y.tolist(), [0, 1, 2])
    assert source.class_names == ("cat", "dog", "owl")
    assert not source.flip


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_become_float32(save, dtype):
    source = features(Request(path=save(x_train=X.astype(dtype))))
    assert source.pixels.dtype == np.float32
    assert np.array_equal(source.pixels, X.astype(dtype).astype(np.float32))


def test_a_set_may_have_no_test_samples(save):
    source = features(Request(path=save(x_test=None, y_test=None)))
    assert (source.test_pixels.shape, source.test_labels.shape) == ((0, 5), (0,))


def test_a_folder_is_mapped_and_not_read(tmp_path):
    for name, array in GOOD.items():
        np.save(tmp_path / f"{name}.npy", array)
    source = features(Request(path=tmp_path))
    assert isinstance(source.pixels.base, np.memmap)
    assert type(source.pixels) is np.ndarray  # workers are sent these as mapped files


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"x_train": None}, "has no x_train: it holds x_test, y_test, y_train"),
        ({"y_train": None, "x_train": None}, "has no x_train and no y_train"),
        ({"x_train": (255 * X).astype(np.uint8)}, r"must be embeddings, floats \(N, D\), not uint8 \(12, 5\)"),
        ({"x_train": X[:, :, None]}, r"must be embeddings, floats \(N, D\), not float32 \(12, 5, 1\)"),
        ({"x_train": X[:, :0]}, "has embeddings of no number"),
        ({"x_test": None}, "x_test in .* must be embeddings, .* not nothing"),
        ({"y_train": Y / 2}, r"y_train in .* must be integer labels \(N,\), not float64 \(12,\)"),
        ({"y_train": Y + 12}, "labels in .* reach 14, but there are only 12 samples"),
        ({"class_names": np.arange(3)}, "class_names in .* must be text"),
    ],
)
def test_what_holds_no_embeddings_is_refused(save, changes, says):
    with pytest.raises(DataError, match=says):
        features(Request(path=save(**changes)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"x_train": np.where(np.arange(60).reshape(12, 5) == 37, np.nan, X)}, "training .* row 7 are not"),
        ({"x_test": np.where(np.arange(15).reshape(3, 5) == 11, 1e39, X[:3].astype(float))}, "test .* row 2 are not"),
        ({"x_test": X[:3, :4]}, r"training embeddings are \(5,\) and test embeddings \(4,\)"),
        ({"y_train": Y[:-1]}, "12 training images have 11 labels"),
    ],
)
def test_what_no_set_can_be_made_of_is_refused(save, changes, says):
    with pytest.raises(DataError, match=says):
        lp.build(f"features:{save(**changes)}")


def test_damaged_files_are_refused(tmp_path):
    (tmp_path / "clip.npz").write_bytes(b"no archive")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x_train.npy").write_bytes(b"no array")
    for path, says in (("clip.npz", "not a readable .npz archive"), ("folder", "x_train.npy is not a readable .npy file")):
        with pytest.raises(DataError, match=says):
            features(Request(path=tmp_path / path))
    with pytest.raises(DataError, match=r"does not exist: name an \.npz file that does"):
        features(Request(path=tmp_path / "absent.npz"))


@pytest.mark.parametrize("options", [{"resize": 32}, {"loading": "stream"}])
def test_what_is_asked_of_image_files_is_refused(save, options):
    with pytest.raises(ArgumentError, match="of features are"):
        features(Request(path=save(), **options))


def test_a_place_is_needed():
    with pytest.raises(ArgumentError, match="needs a path: --data features:PATH"):
        features(Request())


def test_a_set_is_named_after_its_place_and_may_be_cut(save):
    path = save()
    assert lp.build(f"features:{path}").index.name == "clip"
    cut = lp.build(f"features-lt2:{path}")
    assert (cut.index.name, cut.index.counts.tolist()) == ("clip-lt2", [4, 2, 2])
    assert {tuple(row) for row in cut.pixels} <= {tuple(row) for row in X}
