from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import PILToTensor

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError, MismatchError
from lt_prune.reports.summary import exported

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


@pytest.mark.parametrize(("name", "format"), [("kept.xml", None), ("kept", None), ("kept.npy", "xml")])
def test_other_formats_are_refused(subset, in_tmp, name, format):
    with pytest.raises(ArgumentError, match=r"format must be npy, txt, csv, json, parquet, ids, list, weights, .*, not"):
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
    with pytest.warns(UserWarning, match="of 30 items of the dataset that were looked at, 30 cannot be compared"):
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


# Whose order


@pytest.fixture
def mixed(folder) -> lp.Subset:
    """A subset of a folder with an image of a format that `ImageFolder` does not take, which the subset removed."""
    Image.new("RGB", (8, 8)).save(folder / "train/cat/00a.gif")
    data = lp.build(f"folder:{folder}")
    kept = np.array([not name.endswith(".gif") and i % 2 == 0 for i, name in enumerate(data.index.file_names)])
    return lp.Subset(index=data.index, kept=kept, strategy="random", ratio=0.5, options={"seed": 0})


def named(folder: Path, indices: np.ndarray) -> list[str]:
    """What torchvision's own listing has at these places."""
    return [Path(path).relative_to(folder).as_posix() for path, _ in np.array(ImageFolder(folder / "train").imgs)[indices]]


def test_indices_for_image_folder_are_its_own(folder, subset, in_tmp):
    data = lp.build(f"folder:{folder}")
    chosen = lp.prune(data, ratio=0.4, strategy="random")
    # Added later, as a file that only ImageFolder lists would be; our own listing has moved on by one since.
    Image.new("RGB", (8, 8)).save(folder / "train/cat/00a.png")
    for removed, mask in ((False, chosen.kept), (True, ~chosen.kept)):
        order = lp.export(chosen, "kept.npy", for_="imagefolder", removed=removed, overwrite=True)
        assert named(folder, np.load("kept.npy")) == sorted(np.array(data.index.file_names)[mask])
        assert order == f"torchvision's ImageFolder of folder:{folder}, listed now"


def test_a_removed_image_that_image_folder_does_not_take_is_nothing_to_tell(folder, mixed, in_tmp):
    lp.export(mixed, "kept.npy", for_="imagefolder")
    assert named(folder, np.load("kept.npy")) == sorted(np.array(mixed.index.file_names)[mixed.kept])
    assert len(lp.torch_subset(mixed, ImageFolder(folder / "train"))) == mixed.kept.sum()


@pytest.mark.parametrize("format", ["npy", "weights"])
def test_a_kept_image_that_image_folder_does_not_take_is_named_and_has_no_index(folder, mixed, in_tmp, format):
    whole = replace(mixed, kept=np.ones_like(mixed.kept))
    says = r"^ImageFolder takes .jpg .* alone, and 1 of the 18 kept images are none of these, and .*: cat/00a.gif$"
    with pytest.warns(UserWarning, match=says):
        lp.export(whole, "kept.npy", format, for_="imagefolder")
    assert len(np.load("kept.npy")) == 17
    if format == "npy":
        assert np.load("kept.npy").tolist() == list(range(17))
    with pytest.warns(UserWarning, match=says):
        assert lp.torch_subset(whole, ImageFolder(folder / "train")).indices == list(range(17))
    with pytest.raises(MismatchError, match=r"the dataset lacks 1 of the 18 files .*, such as cat/00a.gif"):
        lp.Sampler(whole, dataset=ImageFolder(folder / "train"))
    assert len(lp.Sampler(mixed, dataset=ImageFolder(folder / "train"))) == mixed.kept.sum()


def test_tables_leave_its_index_empty(folder, mixed, in_tmp):
    lp.export(mixed, "kept.csv", for_="imagefolder")
    with open("kept.csv", newline="") as file:
        rows = {row["file"]: row["imagefolder_index"] for row in csv.DictReader(file)}
    listing = {f"train/{name}": str(place) for place, name in enumerate(_below(folder / "train"))}
    assert rows == {**listing, "train/cat/00a.gif": ""}
    lp.export(mixed, "kept.json", for_="imagefolder")
    content = json.loads(Path("kept.json").read_text())
    assert sorted(content["kept"] + content["removed"]) == list(range(17))
    assert [row["file"] for row in content["samples"] if row["imagefolder_index"] is None] == ["train/cat/00a.gif"]


def _below(root: Path) -> list[str]:
    return [Path(path).relative_to(root).as_posix() for path, _ in ImageFolder(root).imgs]


def test_where_nothing_that_is_kept_is_taken_there_is_nothing_to_write(folder, mixed, in_tmp):
    alone = replace(mixed, kept=np.array([name.endswith(".gif") for name in mixed.index.file_names]))
    with pytest.raises(
        DataError, match=r"1 of the 1 kept images are none of these: convert them and prune again, or export"
    ):
        lp.export(alone, "kept.npy", for_="imagefolder")
    assert not Path("kept.npy").exists()


def test_a_class_that_image_folder_alone_has_is_told(folder, in_tmp):
    """A hidden folder is a class of `ImageFolder`, which moves the numbers of the others."""
    chosen = lp.prune(lp.build(f"folder:{folder}"), ratio=0.4, strategy="random")
    shutil.copytree(folder / "train/dog", folder / "train/.ipynb_checkpoints")
    with pytest.warns(UserWarning, match=r"has .ipynb_checkpoints as a class, too: its class numbers are not those of pho"):
        lp.export(chosen, "kept.npy", for_="imagefolder")
    assert named(folder, np.load("kept.npy")) == sorted(np.array(chosen.index.file_names)[chosen.kept])
    assert ImageFolder(folder / "train").class_to_idx["cat"] == 1


@pytest.mark.filterwarnings("ignore:ImageFolder takes .jpg")
def test_a_class_without_an_image_that_image_folder_takes_is_told(folder, in_tmp):
    (folder / "train/eel").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "train/eel/a.gif")
    chosen = lp.prune(lp.build(f"folder:{folder}"), ratio=0.4, strategy="random")
    with pytest.raises(FileNotFoundError, match="eel"):
        ImageFolder(folder / "train")
    with pytest.warns(
        UserWarning, match=r"\) raises an error, as eel holds no image that it takes: give it allow_empty=True$"
    ):
        lp.export(chosen, "kept.npy", for_="imagefolder")
    imgs = np.array(ImageFolder(folder / "train", allow_empty=True).imgs)[np.load("kept.npy")]
    kept = [name for name in np.array(chosen.index.file_names)[chosen.kept] if not name.endswith(".gif")]
    assert sorted(Path(path).relative_to(folder).as_posix() for path, _ in imgs) == sorted(kept)


@pytest.mark.parametrize("back", ["..", "../..", "."])
def test_image_folder_is_not_asked_to_follow_a_link_that_leads_back(folder, in_tmp, back):
    chosen = lp.prune(lp.build(f"folder:{folder}"), ratio=0.4, strategy="random")
    (folder / "train/cat/back").symlink_to(back)
    with pytest.raises(DataError, match="train/cat/back is a link to a folder that it lies in"):
        lp.export(chosen, "kept.npy", for_="imagefolder")


def test_a_folder_that_is_gone_is_said_to_be(folder, in_tmp):
    chosen = lp.prune(lp.build(f"folder:{folder}"), ratio=0.4, strategy="random")
    folder.rename(folder.parent / "gone")
    with pytest.raises(DataError, match=f"the folder {folder}/train is not here: put it back"):
        lp.export(chosen, "kept.npy", for_="imagefolder")


def test_sources_of_no_files_are_no_image_folder(subset, in_tmp):
    digits = lp.prune("digits", ratio=0.4, strategy="random")
    with pytest.raises(ArgumentError, match="digits is no folder of images"):
        lp.export(digits, "kept.npy", for_="imagefolder")
    with pytest.raises(ArgumentError, match="for must be imagefolder, not 'keras'"):
        lp.export(digits, "kept.npy", for_="keras")


def test_a_table_has_every_sample_with_its_file(folder, in_tmp):
    data = lp.build(f"folder:{folder}")
    chosen = lp.prune(data, ratio=0.4, strategy="random")
    lp.export(chosen, "kept.csv", for_="imagefolder")
    with open("kept.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    index = data.index
    expected = {
        name: (str(place), ["cat", "dog"][label], str(int(kept)))
        for name, place, label, kept in zip(index.file_names, index.source_index, index.labels, chosen.kept)
    }
    assert {row["file"]: (row["source_index"], row["class"], row["kept"]) for row in rows} == expected
    listing = ImageFolder(folder / "train").imgs
    assert all(listing[int(row["imagefolder_index"])][0] == f"{folder}/{row['file']}" for row in rows)
    assert [int(row["source_index"]) for row in rows] == list(range(17))


def test_a_table_of_a_source_without_files_has_no_names(subset, in_tmp):
    lp.export(subset, "kept.csv")
    with open("kept.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["kept"]) for row in rows) == subset.kept.sum()
    assert {row["file"] for row in rows} == {""}


def test_what_was_removed_is_the_rest(subset, in_tmp):
    lp.export(subset, "kept.npy")
    lp.export(subset, "removed.npy", removed=True)
    assert sorted([*np.load("kept.npy"), *np.load("removed.npy")]) == list(range(N))
    lp.export(subset, "removed.txt", removed=True)
    assert Path("removed.txt").read_text().split() == [str(i) for i in np.load("removed.npy")]
    for name in ("both.csv", "both.json"):
        with pytest.raises(ArgumentError, match="tells of every sample whether it was kept: leave out --removed"):
            lp.export(subset, name, removed=True)


def test_it_is_said_whose_order_indices_are_in(folder, subset, in_tmp):
    chosen = lp.prune(lp.build(f"folder:{folder}"), ratio=0.4, strategy="random")
    order = lp.export(chosen, "kept.json")
    assert json.loads(Path("kept.json").read_text())["order"] == order
    assert order.startswith(f"the training images of folder:{folder} as lt-prune lists them")
    assert lp.export(chosen, "kept.txt") == ""
    assert lp.export(subset, "plain.npy") == "the training split of blobs in its own order"


@pytest.mark.filterwarnings("ignore:left out 1 of")
def test_what_is_exported_is_counted_and_so_is_what_is_in_no_list(in_tmp, blob_folder):
    (photos := blob_folder((12, 8, 4))).joinpath("train").rename("alone")
    for number, path in enumerate(sorted(Path("alone/class0").iterdir())[:2]):
        path.write_bytes(b"" if number else path.read_bytes())
    assert photos.exists()
    whole = lp.prune("./alone", ratio=0.25, strategy="random", reading=lp.Reading(holdout=0, skip_broken=True))
    assert exported(whole) == "17 of 23 training images are kept, 6 removed; 1 more of ./alone are neither: broken"
    part = lp.prune("./alone", ratio=0.5, strategy="random", reading=lp.Reading(holdout=0.25, skip_broken=True))
    said = "9 of 17 training images are kept, 8 removed; 7 more of ./alone are neither: held out to test on or broken"
    assert exported(part) == said
    assert exported(lp.prune("digits-full", ratio=0.5, strategy="random")).endswith(" removed")
    assert exported(lp.prune("digits", ratio=0.5, strategy="random")).endswith("more of digits are neither: cut")
