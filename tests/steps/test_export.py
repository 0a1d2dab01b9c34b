from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import PILToTensor

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError

N = 45


@pytest.fixture
def data(blobs) -> lp.LongTailedSet:
    """A set whose source has an order of its own."""
    return blobs(order=np.random.default_rng(5).permutation(N))


@pytest.fixture
def source_pixels(data) -> np.ndarray:
    """The images in the source's order, put together from the set's own statement of rows."""
    pixels = np.empty_like(data.pixels)
    pixels[data.index.source_index] = data.pixels
    return pixels


@pytest.fixture
def subset(data) -> lp.Subset:
    return lp.prune(data, ratio=0.45, strategy="random")


class Plain(torch.utils.data.Dataset):
    """A dataset of the user's own, as torchvision's look."""

    def __init__(self, pixels: np.ndarray, targets: object) -> None:
        self.pixels, self.targets = pixels, targets

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        return self.pixels[i], int(self.targets[i])


@pytest.fixture
def plain(data, source_pixels) -> Plain:
    targets = np.empty(N, int)
    targets[data.index.source_index] = data.index.labels
    return Plain(source_pixels, targets.tolist())


@pytest.fixture
def folder(tmp_path) -> Path:
    """A source of files: PNGs whose names do not sort as their content does."""
    random = np.random.default_rng(0)
    for split, counts in (("train", (12, 5)), ("test", (2, 2))):
        for name, count in zip(("cat", "dog"), counts):
            (tmp_path / "photos" / split / name).mkdir(parents=True)
            for i in range(count):
                image = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                Image.fromarray(image).save(tmp_path / "photos" / split / name / f"{i:02d}.png")
    return tmp_path / "photos"


def as_sorted(pixels: np.ndarray) -> list[bytes]:
    """Images in an order of their own, to compare sets of them."""
    return sorted(image.tobytes() for image in pixels)


def test_source_indices_lead_from_the_source_to_the_kept_samples(subset, data, source_pixels, in_tmp):
    lp.export(subset, "kept.npy")
    rows = np.load("kept.npy")
    assert rows.dtype == np.int64
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert as_sorted(source_pixels[rows]) == as_sorted(data.pixels[subset.kept])


def test_the_source_itself_is_indexed(in_tmp):
    # An archive whose images say where they stand.
    pixels = np.zeros((30, 8, 8, 3), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(30)
    labels = np.random.default_rng(0).integers(0, 3, 30)
    np.savez("mine.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    data = lp.build("npz:mine.npz")
    subset = lp.prune(data, ratio=0.4, strategy="class-random")
    lp.export(subset, "kept.npy")
    assert np.load("kept.npy").tolist() == sorted(data.pixels[subset.kept][:, 0, 0, 0].tolist())


def test_text_lists_source_indices_where_there_are_no_files(subset, in_tmp):
    lp.export(subset, "kept.npy")
    lp.export(subset, "kept.txt")
    assert Path("kept.txt").read_text() == "".join(f"{i}\n" for i in np.load("kept.npy"))


def test_text_lists_the_kept_files_of_a_folder(folder, in_tmp):
    data = lp.build(f"folder:{folder}")
    subset = lp.prune(data, ratio=0.4, strategy="random")
    lp.export(subset, "kept.txt")
    names = Path("kept.txt").read_text().splitlines()
    images = np.stack([np.asarray(Image.open(folder / name)) for name in names])
    assert as_sorted(images) == as_sorted(data.pixels[subset.kept])
    assert names == sorted(names)


def test_json_has_everything_of_every_sample(folder, in_tmp):
    data = lp.build(f"folder:{folder}")
    subset = lp.prune(data, ratio=0.4, strategy="random", seed=3)
    lp.export(subset, "kept.json")
    said = json.loads(Path("kept.json").read_text())
    index = data.index
    expected = {
        f"{index.ids[i]:016x}": {
            "source_index": index.source_index[i],
            "file": index.file_names[i],
            "label": index.labels[i],
            "class": ["cat", "dog"][index.labels[i]],
            "kept": subset.kept[i],
        }
        for i in range(17)
    }
    assert {sample.pop("id"): sample for sample in said["samples"]} == expected
    assert [sample["source_index"] for sample in said["samples"]] == list(range(17))
    assert (said["n_kept"], said["n_removed"], said["ratio_removed"]) == (10, 7, 0.4)
    assert (said["data"], said["source"], said["strategy"]) == ("photos", f"folder:{folder}", "random")
    assert (said["schema"], said["options"]["seed"]) == (3, 3)


def test_json_of_a_source_without_files_names_none(subset, in_tmp):
    lp.export(subset, "kept.json")
    samples = json.loads(Path("kept.json").read_text())["samples"]
    assert len(samples) == N
    assert not any("file" in sample for sample in samples)
    assert sum(sample["kept"] for sample in samples) == subset.kept.sum()


@pytest.mark.parametrize("format", ["npy", "txt", "json"])
def test_a_format_named_goes_before_the_files_ending(subset, in_tmp, format):
    lp.export(subset, f"by-ending.{format}")
    lp.export(subset, "by-name.dat", format=format)
    assert Path("by-name.dat").read_bytes() == Path(f"by-ending.{format}").read_bytes()


@pytest.mark.parametrize(("name", "format"), [("kept.csv", None), ("kept", None), ("kept.npy", "csv")])
def test_other_formats_are_refused(subset, in_tmp, name, format):
    with pytest.raises(ArgumentError, match="format must be npy, txt, json, not"):
        lp.export(subset, name, format)
    assert list(in_tmp.iterdir()) == []


def test_a_torch_subset_of_a_set_holds_the_kept_images(subset, data):
    kept = lp.torch_subset(subset, data)
    images, labels = zip(*(kept[i] for i in range(len(kept))))
    assert np.array_equal(torch.stack(images).permute(0, 2, 3, 1), data.pixels[subset.kept])
    assert [int(label) for label in labels] == data.index.labels[subset.kept].tolist()
    assert (images[0].dtype, images[0].shape) == (torch.uint8, (3, 8, 8))


def test_a_torch_subset_of_a_set_is_joined_by_id(subset, data, blobs):
    kept = lp.torch_subset(subset, blobs())
    images = np.stack([image.permute(1, 2, 0).numpy() for image, _ in kept])
    assert as_sorted(images) == as_sorted(data.pixels[subset.kept])


def test_a_torch_subset_of_another_set_is_refused(subset, blobs):
    with pytest.raises(MismatchError, match="the subset was made from other data: 0 of its 45"):
        lp.torch_subset(subset, blobs(seed=7))


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_a_torch_subset_of_a_plain_dataset_holds_the_kept_images(subset, data, plain, kind):
    plain.targets = kind(plain.targets)
    kept = lp.torch_subset(subset, plain)
    assert as_sorted(np.stack([image for image, _ in kept])) == as_sorted(data.pixels[subset.kept])
    assert sorted(label for _, label in kept) == sorted(data.index.labels[subset.kept])


def test_a_torch_subset_of_torchvisions_image_folder_holds_the_kept_images(folder):
    data = lp.build(f"folder:{folder}")
    subset = lp.prune(data, ratio=0.4, strategy="random")
    kept = lp.torch_subset(subset, ImageFolder(folder / "train", transform=PILToTensor()))
    images = np.stack([image.permute(1, 2, 0).numpy() for image, _ in kept])
    assert as_sorted(images) == as_sorted(data.pixels[subset.kept])


def test_a_torch_subset_works_in_a_data_loader(subset, data):
    batches = list(torch.utils.data.DataLoader(lp.torch_subset(subset, data), batch_size=10))
    assert sum(len(labels) for _, labels in batches) == subset.kept.sum()


def test_a_plain_dataset_of_another_length_is_refused(subset, plain):
    with pytest.raises(MismatchError, match=r"the dataset has 44 samples, and the training split of blobs .* has 45"):
        lp.torch_subset(subset, Plain(plain.pixels[1:], plain.targets[1:]))


def test_a_plain_dataset_with_other_labels_is_refused(subset, plain):
    with pytest.raises(MismatchError, match="the dataset's labels are not those of blobs"):
        lp.torch_subset(subset, Plain(plain.pixels, np.roll(plain.targets, 1)))


def test_a_plain_dataset_in_another_order_is_refused(subset, plain):
    with pytest.raises(MismatchError, match="in its own order"):
        lp.torch_subset(subset, Plain(plain.pixels[::-1], plain.targets[::-1]))


def test_a_cut_set_refers_to_its_whole_source(blobs):
    # A set of 30 of the source's 45 samples: the dataset must have all 45.
    data = blobs()
    index = replace(
        data.index, ids=data.index.ids[:30], labels=data.index.labels[:30], source_index=data.index.source_index[:30]
    )
    subset = lp.Subset(index=index, kept=np.arange(30) < 10, strategy="random", ratio=0.67, options={})
    targets = np.empty(N, int)
    targets[data.index.source_index] = data.index.labels
    kept = lp.torch_subset(subset, Plain(np.arange(N), targets))
    assert [int(i) for i, _ in kept] == sorted(data.index.source_index[:10].tolist())


@pytest.mark.parametrize("name", ["a\nb.png", "a\rb.png", "a\u2028b.png", "a.png\n"])
def test_a_list_refuses_a_name_that_would_be_two_lines(blobs, in_tmp, name):
    data = blobs()
    index = replace(data.index, file_names=tuple(f"{i}{name}" for i in range(data.index.n_samples)))
    subset = replace(lp.prune(data, strategy="random", ratio=0.2), index=index)
    with pytest.raises(ArgumentError, match="has a line break: export json"):
        lp.export(subset, "kept.txt")
    lp.export(subset, "kept.json")
    samples = json.loads(Path("kept.json").read_text())["samples"]
    assert all(sample["file"].endswith(name) for sample in samples)
