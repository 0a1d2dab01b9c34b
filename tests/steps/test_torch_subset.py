"""A torch dataset is joined to a subset only where it is the right one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, TensorDataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import PILToTensor

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError, MismatchError


@pytest.fixture
def photos(blob_folder) -> Path:
    return blob_folder((24, 12, 6))


@pytest.fixture
def data(photos) -> lp.LongTailedSet:
    return lp.build(f"folder:{photos}")


@pytest.fixture
def subset(data) -> lp.Subset:
    return lp.prune(data, ratio=0.4, strategy="random")


def images(dataset: Dataset) -> list[bytes]:
    """Every image of a dataset, to compare sets of them."""
    return sorted(np.asarray(image).tobytes() for image, *_ in dataset)


def kept(data: lp.LongTailedSet, subset: lp.Subset) -> list[bytes]:
    return sorted(image.tobytes() for image in data.pixels[subset.kept])


def test_files_are_joined_by_name_wherever_their_folder_is(photos, data, subset, tmp_path):
    shutil.move(photos / "train", tmp_path / "elsewhere")
    assert images(lp.torch_subset(subset, ImageFolder(tmp_path / "elsewhere"))) == kept(data, subset)


def test_the_order_of_files_does_not_matter(photos, data, subset):
    dataset = ImageFolder(photos / "train")
    dataset.samples.reverse()
    assert images(lp.torch_subset(subset, dataset)) == kept(data, subset)


def test_files_that_were_not_there_do_not_move_the_others(photos, data, subset):
    Image.new("RGB", (8, 8)).save(photos / "train" / "class0" / "0000a.png")
    assert images(lp.torch_subset(subset, ImageFolder(photos / "train"))) == kept(data, subset)


def test_a_renamed_file_is_refused(photos, subset):
    (photos / "train/class0/0003.png").rename(photos / "train/class0/zz.png")
    says = "the dataset lacks 1 of the 42 files that the subset was chosen from, such as class0/0003.png"
    with pytest.raises(MismatchError, match=says):
        lp.torch_subset(subset, ImageFolder(photos / "train"))


def test_a_replaced_file_is_refused(photos, subset):
    Image.new("RGB", (8, 8)).save(photos / "train/class0/0003.png")
    with pytest.raises(MismatchError, match=r"0003.png has another content .*, as have 1 of 42 files looked at"):
        lp.torch_subset(subset, ImageFolder(photos / "train"))


def test_a_file_that_became_of_another_size_is_refused(photos, subset):
    Image.new("RGB", (9, 8)).save(photos / "train/class0/0003.png")
    with pytest.raises(MismatchError, match="has other images than the subset was chosen from"):
        lp.torch_subset(subset, ImageFolder(photos / "train"))


def test_files_decoded_otherwise_are_joined_by_name_on_request(photos, subset):
    for path in (photos / "train").rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)) ^ 1).save(path)
    dataset = ImageFolder(photos / "train")
    with pytest.raises(MismatchError, match='or join by match="names"'):
        lp.torch_subset(subset, dataset)
    assert len(lp.torch_subset(subset, dataset, match="names")) == subset.kept.sum()


def test_resized_images_are_read_as_they_were(photos):
    data = lp.build(f"folder:{photos}", reading=lp.Reading(resize=6))
    subset = lp.prune(data, ratio=0.4, strategy="random")
    assert len(lp.torch_subset(subset, ImageFolder(photos / "train"))) == subset.kept.sum()


# Datasets without names


class Held(Dataset):
    """As torchvision's CIFAR10 (N, H, W, C) and MNIST (N, H, W) hold their images, which a transform changes."""

    def __init__(self, pixels: np.ndarray | torch.Tensor, labels: np.ndarray) -> None:
        self.data, self.targets = pixels, labels.tolist()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> tuple[object, int]:
        return np.asarray(self.data[i]) / 255 - 0.5, self.targets[i]


class Read(Dataset):
    """Images that are there only as items, changed by a transform or not."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, change=lambda image: image) -> None:
        self.pixels, self.labels, self.change = pixels, labels.tolist(), change

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, i: int) -> tuple[object, int]:
        return self.change(Image.fromarray(self.pixels[i])), self.labels[i]


@pytest.fixture
def source(blobs) -> tuple[lp.LongTailedSet, np.ndarray, np.ndarray]:
    """A set, and the images and labels of its source in the source's order."""
    data = blobs(order=np.random.default_rng(5).permutation(45))
    pixels, labels = np.empty_like(data.pixels), np.empty_like(data.index.labels)
    pixels[data.index.source_index], labels[data.index.source_index] = data.pixels, data.index.labels
    return data, pixels, labels


def within_class(labels: np.ndarray) -> np.ndarray:
    """A shuffle that no label tells."""
    order = np.arange(len(labels))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        order[own] = np.roll(own, 1)
    return order


FORMS = {
    "data of bytes": lambda pixels, labels: Held(pixels, labels),
    "a tensor of bytes": lambda pixels, labels: Held(torch.from_numpy(pixels), labels),
    "tensors": lambda pixels, labels: TensorDataset(
        torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels)
    ),
    "items": lambda pixels, labels: Read(pixels, labels),
    "items as tensors": lambda pixels, labels: Read(pixels, labels, PILToTensor()),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_right_dataset_is_taken(source, form):
    data, pixels, labels = source
    subset = lp.prune(data, ratio=0.4, strategy="random")
    found = lp.torch_subset(subset, FORMS[form](pixels, labels))
    assert sorted(found.indices) == sorted(data.index.source_index[subset.kept].tolist())


@pytest.mark.parametrize("form", FORMS)
def test_a_shuffled_dataset_of_the_same_length_is_refused(source, form):
    data, pixels, labels = source
    subset = lp.prune(data, ratio=0.4, strategy="random")
    with pytest.raises(MismatchError, match="is not the training split of blobs in its own order"):
        lp.torch_subset(subset, FORMS[form](pixels[within_class(labels)], labels))


@pytest.mark.parametrize("form", ["data of bytes", "a tensor of bytes", "tensors"])
def test_one_other_image_is_refused(source, form):
    data, pixels, labels = source
    subset = lp.prune(data, ratio=0.4, strategy="random")
    changed = pixels.copy()
    changed[7] ^= 1
    with pytest.raises(MismatchError, match="of 45 samples looked at, 1 differ"):
        lp.torch_subset(subset, FORMS[form](changed, labels))


def test_grey_images_need_no_channels():
    data = lp.build("digits-full")
    subset = lp.prune(data, ratio=0.4, strategy="random")
    pixels, labels = np.empty_like(data.pixels), np.empty_like(data.index.labels)
    pixels[data.index.source_index], labels[data.index.source_index] = data.pixels, data.index.labels
    assert len(lp.torch_subset(subset, Held(pixels[..., 0], labels))) == subset.kept.sum()


def test_exact_copies_are_recognised():
    pixels = np.zeros((6, 8, 8, 3), np.uint8)
    pixels[3:] = 9
    labels = np.array([0, 0, 0, 1, 1, 1])
    source = Source(pixels=pixels, labels=labels, test_pixels=pixels, test_labels=labels, class_names=("a", "b"))
    data = assemble(source, Cut(profile="none"), name="copies", spec="copies")
    subset = lp.prune(data, ratio=0.3, strategy="random")
    assert len(lp.torch_subset(subset, Held(pixels, labels))) == 4


def test_what_a_transform_hides_is_told(source):
    data, pixels, labels = source
    subset = lp.prune(data, ratio=0.4, strategy="random")
    hidden = Read(pixels, labels, lambda image: torch.zeros(3, 4, 4))
    with pytest.warns(UserWarning, match=r"of 45 items .*, 45 cannot be compared .*: only length and labels tell"):
        lp.torch_subset(subset, hidden)


def test_names_are_asked_of_names_alone(source):
    data, pixels, labels = source
    subset = lp.prune(data, ratio=0.4, strategy="random")
    with pytest.raises(ArgumentError, match="no file names to match by"):
        lp.torch_subset(subset, Held(pixels, labels), match="names")
