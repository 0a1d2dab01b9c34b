from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torchvision

import lt_prune as lp
from lt_prune.data.sources import Request
from lt_prune.data.sources.cifar import cifar10, cifar100
from lt_prune.errors import DataError

CIFAR10, CIFAR100 = torchvision.datasets.CIFAR10, torchvision.datasets.CIFAR100
NAMES10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def batch(n: int, label_key: str, n_classes: int, seed: int) -> dict:
    """A batch in the format of CIFAR's page: rows of 1,024 red, 1,024 green and 1,024 blue bytes."""
    data = np.random.default_rng(seed).integers(0, 256, (n, 3072)).astype(np.uint8)
    return {"data": data, label_key: [i % n_classes for i in range(n)]}


FILES10 = {f"data_batch_{k}": batch(20, "labels", 10, k) for k in range(1, 6)}
FILES10 |= {"test_batch": batch(20, "labels", 10, 9), "batches.meta": {"label_names": NAMES10}}
FILES100 = {
    "train": batch(500, "fine_labels", 100, 1) | {"coarse_labels": [0] * 500},
    "test": batch(100, "fine_labels", 100, 2),
    "meta": {"fine_label_names": [f"fine{c}" for c in range(100)], "coarse_label_names": ["coarse"]},
}


def write(folder: Path, files: dict[str, dict]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))


def md5(content: dict) -> str:
    return hashlib.md5(pickle.dumps(content, protocol=2)).hexdigest()


@pytest.fixture(autouse=True)
def small_checksums(monkeypatch):
    """torchvision takes our small files for the published ones; nothing is fetched."""
    for kind, files in ((CIFAR10, FILES10), (CIFAR100, FILES100)):
        for split in ("train_list", "test_list"):
            monkeypatch.setattr(kind, split, [[name, md5(files[name])] for name, _ in getattr(kind, split)])
        monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5(files[kind.meta["filename"]])})

    def no_network(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(torchvision.datasets.cifar, "download_and_extract_archive", no_network)


@pytest.fixture
def root(tmp_path):
    write(tmp_path / "cifar-10-batches-py", FILES10)
    write(tmp_path / "cifar-100-python", FILES100)
    return tmp_path


def test_batches_are_read_one_after_another(root):
    source = cifar10(Request(path=root))
    assert source.pixels.shape == (100, 32, 32, 3)
    assert source.labels.tolist() == [i % 10 for i in range(20)] * 5
    assert source.test_pixels.shape == (20, 32, 32, 3)


@pytest.mark.parametrize("channel", range(3))
def test_rows_are_red_green_and_blue_planes(root, channel):
    source = cifar10(Request(path=root))
    row = FILES10["data_batch_2"]["data"][4]
    assert source.pixels[24, 5, 7, channel] == row[channel * 1024 + 5 * 32 + 7]


def test_cifar100_has_its_fine_labels(root):
    source = cifar100(Request(path=root))
    assert source.labels.tolist() == list(range(100)) * 5
    assert source.class_names[99] == "fine99"


def test_classes_are_named(root):
    assert cifar10(Request(path=root)).class_names == tuple(NAMES10)


@pytest.mark.parametrize(("read", "groups"), [(cifar10, (3, 7)), (cifar100, (36, 71))])
def test_groups_are_the_published_ones(root, read, groups):
    assert read(Request(path=root)).groups == groups


def test_the_bare_name_stands_for_ratio_100(root):
    with pytest.raises(lp.LtPruneError, match="imbalance 100 needs at least 100 images"):
        lp.build(f"cifar10:{root}")


def test_a_set_is_cut_from_it(root):
    data = lp.build(f"cifar10-lt10:{root}")
    assert data.index.counts.tolist() == [int(10 * 10 ** (-c / 9) + 1e-9) for c in range(10)]
    assert data.index.groups == (3, 7)


def test_it_is_looked_for_in_the_folder_of_downloads(root, monkeypatch):
    monkeypatch.setenv("LT_PRUNE_DATA", str(root))
    assert len(cifar10(Request()).labels) == 100


@pytest.mark.parametrize(("read", "name"), [(cifar10, "cifar10"), (cifar100, "cifar100")])
def test_missing_data_names_the_place_and_download(tmp_path, read, name):
    with pytest.raises(
        DataError, match=rf"{name.upper()} cannot be read in {tmp_path} .*: add --download, or name the folder"
    ):
        read(Request(path=tmp_path))


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
def test_a_damaged_file_is_refused(root, name):
    path = root / "cifar-10-batches-py" / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"!")
    with pytest.raises(DataError, match="CIFAR10 cannot be read"):
        cifar10(Request(path=root))


def test_download_fetches_what_is_missing(tmp_path, monkeypatch):
    asked = []

    def fetch(url, download_root, filename, md5):
        asked.append((url, filename))
        write(Path(download_root) / "cifar-10-batches-py", FILES10)

    monkeypatch.setattr(torchvision.datasets.cifar, "download_and_extract_archive", fetch)
    source = cifar10(Request(path=tmp_path, download=True))
    assert len(source.labels) == 100
    assert asked == [("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "cifar-10-python.tar.gz")]


def test_download_makes_the_folder_of_downloads(tmp_path, monkeypatch):
    def fetch(url, download_root, filename, md5):
        write(Path(download_root) / "cifar-100-python", FILES100)

    monkeypatch.setattr(torchvision.datasets.cifar, "download_and_extract_archive", fetch)
    monkeypatch.setenv("LT_PRUNE_DATA", str(tmp_path / "a" / "b"))
    assert len(cifar100(Request(download=True)).labels) == 500


def test_download_leaves_what_is_there(root):
    assert len(cifar10(Request(path=root, download=True)).labels) == 100


@pytest.mark.parametrize("error", [RuntimeError("Error downloading"), OSError("no route to host"), ConnectionError("reset")])
def test_a_failed_download_says_so(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(torchvision.datasets.cifar, "download_and_extract_archive", fail)
    with pytest.raises(DataError, match=rf"{error}.*check the network"):
        cifar10(Request(path=tmp_path, download=True))
