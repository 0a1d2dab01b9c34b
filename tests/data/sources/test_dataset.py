from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 6, 5, 3), dtype=np.uint8)
LABELS = np.repeat([0, 1, 2], (12, 8, 4))


class Items(torch.utils.data.Dataset):
    """What is made of each image, and its label."""

    def __init__(self, make, labels=LABELS, pixels=PIXELS) -> None:
        self.make, self.labels, self.pixels = make, labels, pixels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int):
        return self.make(self.pixels[i]), self.labels[i]


FORMS = {
    "Pillow": Image.fromarray,
    "array": lambda pixels: pixels,
    "tensor": lambda pixels: torch.from_numpy(pixels.copy()).permute(2, 0, 1),
    "ToTensor": lambda pixels: v2.functional.to_dtype(torch.from_numpy(pixels.copy()).permute(2, 0, 1), scale=True),
    "half": lambda pixels: torch.from_numpy(pixels.copy()).permute(2, 0, 1).half() / 255,
    "float array": lambda pixels: pixels / 255,
}


@pytest.fixture
def reference(in_tmp) -> lp.LongTailedSet:
    """The same images, read from an archive."""
    np.savez("same.npz", x_train=PIXELS, y_train=LABELS)
    return lp.build("npz:same.npz", reading=lp.Reading(holdout=0))


@pytest.mark.parametrize("form", FORMS)
def test_a_data_set_of_any_form_has_the_ids_of_its_images(reference, form):
    built = lp.build(Items(FORMS[form]), reading=lp.Reading(holdout=0))
    assert built.index.ids.tolist() == reference.index.ids.tolist()
    assert np.array_equal(built.pixels, reference.pixels)
    assert built.index.source_index.tolist() == reference.index.source_index.tolist()
    assert (built.index.name, built.index.source, built.index.source_size) == ("Items", "dataset:Items", 24)


@pytest.mark.parametrize("label", [int, np.int64, torch.tensor, np.array])
def test_labels_may_be_whole_numbers_of_any_kind(label):
    built = lp.build(Items(FORMS["array"], [label(int(each)) for each in LABELS]), reading=lp.Reading(holdout=0))
    assert built.index.counts.tolist() == [12, 8, 4]


def test_test_images_are_those_of_another_data_set():
    tests = Items(FORMS["ToTensor"], LABELS[::2], PIXELS[::2])
    built = lp.build(Items(FORMS["Pillow"]), test=tests, out=None)
    assert np.array_equal(built.test_pixels, PIXELS[::2])
    assert built.test_labels.tolist() == LABELS[::2].tolist()
    assert built.index.n_samples == 24


def test_without_one_a_share_is_held_out():
    built = lp.build(Items(FORMS["array"]), imbalance=2, seed=3)
    assert built.index.built["holdout"] == 0.2
    assert built.index.counts.tolist() == [7, 4, 3]  # of 10, 6 and 3 that are left: floor(7 / 2) of the smallest


def test_grey_images_stay_grey_and_get_channels_among_coloured_ones():
    grey = Items(lambda pixels: Image.fromarray(pixels[..., 0]))
    assert lp.build(grey, reading=lp.Reading(holdout=0)).pixels.shape == (24, 6, 5, 1)
    mixed = Items(lambda pixels: Image.fromarray(pixels[..., 0] if pixels[0, 0, 0] % 2 else pixels))
    both = lp.build(mixed, reading=lp.Reading(holdout=0))
    expected = np.stack([np.repeat(each[..., :1], 3, 2) if each[0, 0, 0] % 2 else each for each in PIXELS])
    assert np.array_equal(both.pixels, expected[both.index.source_index])
    assert len({bool(each[0, 0, 0] % 2) for each in PIXELS}) == 2


def test_vectors_are_embeddings():
    built = lp.build(Items(lambda pixels: pixels.reshape(-1).astype(np.float64)), reading=lp.Reading(holdout=0))
    assert (built.kind, built.pixels.dtype, built.pixels.shape) == ("embeddings", np.float32, (24, 90))


def test_images_of_pillow_are_resized_on_request():
    odd = Items(lambda pixels: Image.fromarray(pixels[: 4 + pixels[0, 0, 0] % 2]))
    with pytest.raises(DataError, match=r"^the items of the data set Items have several shapes: the first is \(\d, 5, 3\)"):
        lp.build(odd)
    assert lp.build(odd, reading=lp.Reading(resize=8)).pixels.shape[1:] == (8, 8, 3)
    with pytest.raises(
        ArgumentError, match="item 0 of the data set Items is no image of Pillow, and is taken in its own size"
    ):
        lp.build(Items(FORMS["array"]), reading=lp.Reading(resize=8))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda pixels: (torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255 - 0.5) / 0.25, "not float32 from -"),
        (lambda pixels: torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 256, "must be of bytes, or of bytes over 255"),
        (
            lambda pixels: pixels.astype(np.float32),
            "bytes over 255 as ToTensor gives them, not float32",
        ),
        (lambda pixels: pixels.astype(np.int64), "bytes over 255 as ToTensor gives them, not int64"),
        (
            lambda pixels: pixels.transpose(2, 0, 1),
            r"an array \(H, W, C\) of up to 4 channels, .* ndarray \(3, 6, 5\)",
        ),
        (
            lambda pixels: torch.from_numpy(pixels.copy()),
            r"a tensor \(C, H, W\) of up to 4 .* Tensor \(6, 5, 3\)",
        ),
        (lambda pixels: "a word", "must be an image of Pillow, an array"),
        (lambda pixels: Image.fromarray(pixels[..., 0].astype(np.uint16)), "has pixels of more than 8 bits"),
        (lambda pixels: pixels + np.random.default_rng().integers(0, 99, dtype=np.uint8), "differs when it is read again"),
    ],
    ids=["normalised", "256", "floats", "int64", "channels first", "channels last", "a word", "16 bits", "random"],
)
def test_what_is_no_image_that_comes_again_is_refused(make, says):
    with pytest.raises(DataError, match=rf"^item \d+ of the data set Items .*{says}"):
        lp.build(Items(make))


@pytest.mark.parametrize("label", [-1, 0.5, "cat", None, True])
def test_what_is_no_class_is_refused(label):
    with pytest.raises(DataError, match=r"^the label of item 0 of the data set Items must be a whole number of 0"):
        lp.build(Items(FORMS["array"], [label] * 24))


def test_items_without_a_label_are_refused():
    class Alone(Items):
        def __getitem__(self, i: int):
            return self.pixels[i]

    with pytest.raises(DataError, match=r"^item 0 of the data set Alone must be \(image, label\), not a ndarray$"):
        lp.build(Alone(None))
    with pytest.raises(DataError, match=r"^the data set Items holds no item$"):
        lp.build(Items(None, []))
    with pytest.raises(ArgumentError, match="give a test set to a data set of PyTorch alone"):
        lp.build("digits", test=Items(FORMS["array"]))


def test_a_data_set_of_torchvision_has_the_ids_of_its_folder(blob_folder):
    photos = blob_folder()
    built = lp.build(ImageFolder(photos / "train"), test=ImageFolder(photos / "test"))
    by_folder = lp.build(f"folder:{photos}")
    assert built.index.ids.tolist() == by_folder.index.ids.tolist()
    assert built.index.class_names == by_folder.index.class_names == ("class0", "class1", "class2", "class3")
    assert np.array_equal(built.test_pixels, by_folder.test_pixels)


def test_it_goes_through_the_flow_and_back_to_its_data_set(in_tmp):
    items = Items(FORMS["ToTensor"])
    data = lp.build(items, reading=lp.Reading(holdout=0.25), out="mine.h5")
    assert data.index.name == "mine"
    subset = lp.prune("mine.h5", ratio=0.4, strategy="class-random")
    kept = lp.torch_subset(subset, items)
    expected = PIXELS[np.sort(data.index.source_index[subset.kept])]
    assert np.array_equal(np.stack([(image * 255).round().byte().permute(1, 2, 0) for image, _ in kept]), expected)
    scores = lp.score(data, members=1, epochs=1, model="resnet8", out="scores.h5")
    with pytest.raises(lp.LtPruneError, match="unknown metric"):
        lp.prune(data, scores=scores, metric="none", ratio=0.4)
    assert Path("mine.h5").exists()
