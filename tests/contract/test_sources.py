"""What every registered source promises. One of ours without a maker of small data here fails; another package's is read
without a path."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import struct
import sys
from pathlib import Path

import fake_datasets
import numpy as np
import pytest
import torchvision
from PIL import Image

import lt_prune as lp
from lt_prune.data.sources import SOURCES, Request, Source
from lt_prune.data.spec import parse_spec


def images(n: int, side: int, channels: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, side, side, channels)).astype(np.uint8)


def nothing(folder: Path, patch: pytest.MonkeyPatch) -> None:
    return None


def make_fashion_mnist(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    for split, n in (("train", 40), ("t10k", 10)):
        pixels = struct.pack(">4BIII", 0, 0, 8, 3, n, 28, 28) + images(n, 28, 1).tobytes()
        labels = struct.pack(">4BI", 0, 0, 8, 1, n) + bytes(i % 10 for i in range(n))
        (folder / f"{split}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pixels))
        (folder / f"{split}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return folder


def make_cifar(name: str, label_key: str, n_classes: int, n: int):
    def make(folder: Path, patch: pytest.MonkeyPatch) -> Path:
        kind = getattr(torchvision.datasets, name)

        def write(file_name: str, content: dict) -> str:
            path = folder / kind.base_folder / file_name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(pickle.dumps(content))
            return hashlib.md5(path.read_bytes()).hexdigest()

        for split in ("train_list", "test_list"):
            batch = {"data": images(n, 32, 3).reshape(n, -1), label_key: [i % n_classes for i in range(n)]}
            patch.setattr(kind, split, [[file_name, write(file_name, batch)] for file_name, _ in getattr(kind, split)])
        names = {kind.meta["key"]: [f"class{c}" for c in range(n_classes)]}
        patch.setattr(kind, "meta", {**kind.meta, "md5": write(kind.meta["filename"], names)})
        return folder

    return make


def make_folder(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    for split in ("train", "test"):
        for i, image in enumerate(images(12, 6, 3)):
            path = folder / split / f"class{i % 3}" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return folder


def make_list(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    for i, image in enumerate(images(18, 6, 3)):
        Image.fromarray(image).save(folder / f"{i}.png")
    for name, some in (("train", range(12)), ("test", range(12, 18))):
        (folder / f"{name}.txt").write_text("".join(f"{i}.png {i % 3}\n" for i in some))
    return folder / f"train.txt,{folder}/test.txt"


def make_huggingface(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    features = {"image": fake_datasets.Image(), "label": fake_datasets.ClassLabel(["a", "b", "c"])}
    columns = {
        n: {"image": [Image.fromarray(each) for each in images(n, 6, 3)], "label": [i % 3 for i in range(n)]}
        for n in (12, 6)
    }
    splits = {"train": fake_datasets.Split(features, columns[12]), "test": fake_datasets.Split(features, columns[6])}
    patch.setitem(sys.modules, "datasets", fake_datasets.module({str(folder): splits}))
    (folder / "dataset_dict.json").write_text("{}")
    return folder


def make_npz(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    arrays = {
        "x_train": images(12, 6, 3),
        "y_train": np.arange(12) % 3,
        "x_test": images(6, 6, 3),
        "y_test": np.arange(6) % 3,
    }
    np.savez(folder / "small.npz", **arrays)
    return folder / "small.npz"


def make_features(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    random = np.random.default_rng(0)
    arrays = {"x_train": random.normal(size=(12, 5)), "x_test": random.normal(size=(6, 5))}
    np.savez(folder / "small.npz", **arrays, y_train=np.arange(12) % 3, y_test=np.arange(6) % 3)
    return folder / "small.npz"


MAKERS = {
    "digits": nothing,
    "fashion-mnist": make_fashion_mnist,
    "cifar10": make_cifar("CIFAR10", "labels", 10, 20),
    "cifar100": make_cifar("CIFAR100", "fine_labels", 100, 200),
    "folder": make_folder,
    "list": make_list,
    "huggingface": make_huggingface,
    "npz": make_npz,
    "features": make_features,
}

STREAMS = {"folder", "list"}
"""Sources of files."""


@pytest.fixture(params=SOURCES.names)
def name(request) -> str:
    return request.param


@pytest.fixture
def path(name, tmp_path, monkeypatch) -> Path | None:
    return MAKERS.get(name, nothing)(tmp_path, monkeypatch)


@pytest.fixture
def source(name, path) -> Source:
    return SOURCES.load(name)(Request(path=path))


def spec(name: str, path: Path | None) -> str:
    return f"{name}:{path}" if path else name


def test_every_source_of_ours_has_a_maker():
    assert sorted(MAKERS) == sorted(name for name in SOURCES.names if SOURCES.is_own(name))


def test_images_are_bytes_and_embeddings_floats_of_one_shape(source):
    assert {(pixels.ndim, str(pixels.dtype)) for pixels in (source.pixels, source.test_pixels)} in (
        {(4, "uint8")},
        {(2, "float32")},
    )
    assert source.pixels.shape[1:] == source.test_pixels.shape[1:]
    assert source.pixels.ndim == 2 or source.pixels.shape[3] in (1, 3)


def test_images_are_not_blank(source):
    assert len(np.unique(source.pixels)) > 10


def test_every_image_has_a_label_in_range(source):
    for pixels, labels in ((source.pixels, source.labels), (source.test_pixels, source.test_labels)):
        assert labels.dtype == np.int64
        assert labels.shape == (len(pixels),)
        assert 0 <= labels.min() <= labels.max() < len(source.class_names)


def test_every_class_has_a_training_image_and_a_name_of_its_own(source):
    assert set(source.labels.tolist()) == set(range(len(source.class_names)))
    assert all(isinstance(name, str) and name for name in source.class_names)
    assert len(set(source.class_names)) == len(source.class_names) >= 2


def test_what_else_it_says_is_usable(source):
    assert isinstance(source.flip, bool)
    assert source.imbalance is None or source.imbalance >= 1
    assert source.groups is None or 0 < source.groups[0] <= source.groups[1] <= len(source.class_names)
    assert source.file_names is None or len(set(source.file_names)) == len(source.labels)


def test_reading_again_gives_the_same(source, name, path):
    again = SOURCES.load(name)(Request(path=path))
    assert np.array_equal(source.pixels, again.pixels)
    assert np.array_equal(source.labels, again.labels)
    assert np.array_equal(source.test_pixels, again.test_pixels)


def test_it_builds_whole_and_cut(source, name, path):
    assert lp.build(spec(f"{name}-full", path)).index.n_samples == len(source.labels)
    counts = lp.build(spec(f"{name}-lt2", path)).index.counts
    assert counts[-1] == counts[0] // 2


def test_a_built_set_survives_its_file(name, path, tmp_path):
    data = lp.build(spec(f"{name}-lt2", path), out=tmp_path / "out" / "set.h5")
    again = lp.read_set(tmp_path / "out" / "set.h5")
    assert again.index.digest == data.index.digest
    assert np.array_equal(again.pixels, data.pixels)


def test_it_streams_or_refuses_to(source, name, path):
    request = Request(path=path, loading="stream")
    if name in STREAMS:
        streamed = SOURCES.load(name)(request)
        assert not isinstance(streamed.pixels, np.ndarray)
        assert np.array_equal(streamed.pixels[:], source.pixels)
        assert np.array_equal(streamed.test_pixels[:], source.test_pixels)
        return
    with pytest.raises(lp.LtPruneError, match=r"^images of \S+ are held in memory: leave out --loading stream$"):
        SOURCES.load(name)(request)


def test_its_images_are_held_on_demand(name, path):
    source = SOURCES.load(name)(Request(path=path, loading="memory"))
    assert isinstance(source.pixels, np.ndarray)
    assert isinstance(source.test_pixels, np.ndarray)


def test_its_set_is_named_after_it(name, path):
    expected = parse_spec(spec(name, path)).base_name
    assert lp.build(spec(f"{name}-lt2", path)).index.name == f"{expected}-lt2"
