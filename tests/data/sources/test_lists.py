from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typed import ok

import lt_prune as lp
from lt_prune.data.sources import Request
from lt_prune.data.sources.lists import lists
from lt_prune.errors import ArgumentError, DataError

NAMES = [f"train/n0{label}/{i}.JPEG" for label in range(3) for i in range(4 - label)]
LABELS = [label for label in range(3) for _ in range(4 - label)]


@pytest.fixture
def images(in_tmp) -> dict[str, np.ndarray]:
    """Images as they are read again, by name, below images/."""
    random = np.random.default_rng(0)
    for name in [*NAMES, "val/a.JPEG", "val/b.JPEG", "val/c c.JPEG"]:
        path = Path("images", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (6, 5, 3), dtype=np.uint8)).save(path, quality=95)
    return {path.relative_to("images").as_posix(): np.asarray(Image.open(path)) for path in Path("images").rglob("*.JPEG")}


def written(lines: list[str], name: str = "ImageNet_LT_train.txt") -> Path:
    Path(name).write_text("\n".join(lines) + "\n")
    return Path(name)


def read(path: Path | str, **options: object):
    return lists(Request(path=Path(path), root="images", **options))


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.txt", [f"{name} {label}" for name, label in zip(NAMES, LABELS)]),
        ("a.txt", [f"{name}\t{label}" for name, label in zip(NAMES, LABELS)]),
        ("a.txt", ["", *(f"{name},{label}  " for name, label in zip(NAMES, LABELS)), ""]),
        ("a.csv", [f"{name},{label}" for name, label in zip(NAMES, LABELS)]),
        ("a.csv", ["label,note,path", *(f"{label},x,{name}" for name, label in zip(NAMES, LABELS))]),
        ("a.csv", ["File,Class", *(f'"{name}",{label}' for name, label in zip(NAMES, LABELS))]),
        ("a.txt", [f"./{name} {label}" for name, label in zip(NAMES, LABELS)]),
    ],
    ids=["spaces", "tabs", "commas", "csv", "csv with names", "csv with other names", "dots"],
)
def test_images_have_the_labels_of_their_lines(images, name, lines):
    source = read(written(lines, name))
    assert source.file_names == tuple(NAMES)
    assert source.labels.tolist() == LABELS
    assert np.array_equal(source.pixels, [images[name] for name in NAMES])
    assert (source.class_names, source.imbalance, len(source.test_labels)) == (("0", "1", "2"), None, 0)


def test_paths_may_be_in_full(images):
    root = Path("images").absolute()
    source = read(written([f"{root / name} {label}" for name, label in zip(NAMES, LABELS)]))
    assert source.file_names == tuple(NAMES)


def test_without_a_root_paths_begin_beside_the_list(images):
    written([f"{name} {label}" for name, label in zip(NAMES, LABELS)], "images/train.txt")
    assert lists(Request(path=Path("images/train.txt"))).file_names == tuple(NAMES)


def test_words_are_numbered_in_an_order(images):
    lines = [f"{name} {('cat10', 'dog', 'cat9')[label]}" for name, label in zip(NAMES, LABELS)]
    assert read(written(lines)).class_names == ("cat10", "cat9", "dog")
    assert read(written(lines), class_order="natural").class_names == ("cat9", "cat10", "dog")
    by_count = read(written(lines), class_order="count")
    assert (by_count.class_names, by_count.labels.tolist()) == (("cat10", "dog", "cat9"), LABELS)


def test_numbers_stay_what_they_are(images):
    lines = [f"{name} {(2, 0, 1)[label]}" for name, label in zip(NAMES, LABELS)]
    assert read(written(lines)).labels.tolist() == [(2, 0, 1)[label] for label in LABELS]
    with pytest.raises(ArgumentError, match="classes of a list of numbers have their own order: leave out --class-order"):
        read(written(lines), class_order="count")


def test_a_test_list_gives_the_test_images(images):
    written(["val/a.JPEG 2", "val/b.JPEG 00", "val/c c.JPEG 1"], "test.txt")
    source = read(f"{written([f'{name} {label}' for name, label in zip(NAMES, LABELS)])},test.txt")
    assert source.test_labels.tolist() == [2, 0, 1]
    assert np.array_equal(source.test_pixels, [images[name] for name in ("val/a.JPEG", "val/b.JPEG", "val/c c.JPEG")])


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["train/n00/0.JPEG"], "entry 1 of the list list.txt is not a path and a label: train/n00/0.JPEG"),
        (["train/n00/0.JPEG 0", "train/n00/1.JPEG"], "entry 2 of the list list.txt is not a path and a label"),
        (["", " "], "the list list.txt names no image"),
        (["train/n00/0.JPEG 0", "new.png 1"], "names 1 of 2 files that are not below images, such as new.png"),
        (["../secret.png 0", "train/n00/0.JPEG 1"], "names 1 files outside of images, such as ../secret.png"),
        (["train/n00/0.JPEG 0", "./train/n00/0.JPEG 1"], "names 1 files more than once, such as train/n00/0.JPEG"),
        (["train/n00/0.JPEG 0", "train/n00/1.JPEG 7"], "labels in list.txt reach 7, but there are only 2 images"),
    ],
)
def test_what_is_no_list_of_images_is_refused(images, lines, says):
    with pytest.raises(DataError) as refusal:
        read(written(lines, "list.txt"))
    assert says in str(refusal.value)


def test_a_list_that_is_missing_or_no_text_is_refused(images):
    with pytest.raises(DataError, match=r"^there is no list none.txt"):
        read("none.txt")
    Path("binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"^the list binary.txt cannot be read"):
        read("binary.txt")
    with pytest.raises(ArgumentError, match="the list source needs a path"):
        lists(Request())


def test_test_images_of_other_classes_are_refused(images):
    written(["val/a.JPEG 3"], "test.txt")
    with pytest.raises(DataError, match=r"^1 test images are of classes that a.txt lacks, such as 3$"):
        read(f"{written([f'{name} {label}' for name, label in zip(NAMES, LABELS)], 'a.txt')},test.txt")


@pytest.mark.parametrize("data", ["digits", "folder:images"])
def test_other_sources_have_no_root(images, data):
    with pytest.raises(ArgumentError, match="is no list of files: leave out --root"):
        lp.build(data, reading=lp.Reading(root="x"))


def test_a_streamed_list_is_the_same_set(images):
    written([f"{name} {label}" for name, label in zip(NAMES, LABELS)], "a.txt")
    held, streamed = (
        lp.build("list:a.txt", reading=lp.Reading(root="images", loading=loading, holdout=0))
        for loading in ("memory", "stream")
    )
    assert streamed.streamed
    assert held.index.ids.tolist() == streamed.index.ids.tolist()
    assert held.index.name == "a"


def test_a_run_finds_its_lists_again(images, monkeypatch):
    written([f"{name} {label}" for name, label in zip(NAMES, LABELS)], "images/lt.txt")
    written(["val/a.JPEG 2", "val/b.JPEG 0"], "images/test.txt")
    ok("train --data list:images/lt.txt,images/test.txt --epochs 1 --model resnet8 --out images/run")
    before = ok("evaluate images/run --json").stdout
    monkeypatch.chdir("images")
    assert ok("evaluate run --json").stdout == before


def test_where_a_list_lies_and_its_root_are_said_once(images):
    written([f"{name} {label}" for name, label in zip(NAMES, LABELS)], "lt.txt")
    written(["val/a.JPEG 2", "val/b.JPEG 0"], "test.txt")
    ok("score --data list:lt.txt,test.txt --root images --members 1 --epochs 1 --model resnet8")
    pruned = ok("prune --data list:lt.txt,test.txt --ratio 0.3 --strategy random")
    assert "reading list:lt.txt,test.txt as before, with --root images" in pruned.stderr
    subset = lp.read_subset("subsets/lt-random-0.3.h5")
    assert set(subset.index.file_names) == set(NAMES)
