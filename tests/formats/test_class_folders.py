from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError, MismatchError
from lt_prune.formats.folder import class_folders, placed


@pytest.fixture
def subset(blob_folder, in_tmp) -> lp.Subset:
    blob_folder((12, 8, 4))
    return lp.prune("folder:photos", strategy="class-random", ratio=0.5)


def files_below(folder: str) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize("format", ["copies", "links"])
def test_image_folder_reads_what_was_kept_with_its_counts(subset, format):
    lp.export(subset, "out", format)
    read = ImageFolder("out")
    assert read.classes == list(subset.index.class_names)
    assert np.bincount(read.targets).tolist() == subset.kept_counts.tolist() == [6, 4, 2]
    again = lp.build("folder:out", reading=lp.Reading(holdout=0))
    assert again.index.ids.tolist() == subset.kept_ids.tolist()
    assert all(path.is_symlink() == (format == "links") for path in Path("out").rglob("*.png"))


def test_what_was_removed_is_the_rest(subset):
    lp.export(subset, "out", "copies", removed=True)
    assert lp.build("folder:out", reading=lp.Reading(holdout=0)).index.ids.tolist() == subset.removed_ids.tolist()


def test_links_lead_to_the_files_from_anywhere(subset, monkeypatch):
    lp.export(subset, "out", "links")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert len(ImageFolder("../out")) == 12


def test_a_copy_has_the_bytes_and_rights_of_its_file(subset):
    for path in Path("photos").rglob("*.png"):
        path.chmod(0o640)
    lp.export(subset, "out", "copies")
    for path in Path("out").rglob("*.png"):
        source = Path("photos/train") / path.relative_to("out")
        assert path.read_bytes() == source.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o640


# Nothing is overwritten


@pytest.mark.parametrize("format", ["copies", "links"])
def test_what_is_there_and_the_same_is_left(subset, format):
    lp.export(subset, "out", format)
    before = {path: path.lstat().st_ino for path in Path("out").rglob("*.png")}
    next(iter(before)).unlink()
    lp.export(subset, "out", format)
    after = {path: path.lstat().st_ino for path in Path("out").rglob("*.png")}
    assert len(before) == len(after) == 12
    assert sum(before[path] == after[path] for path in after) >= 11


def test_another_file_in_a_place_is_refused_or_replaced(subset):
    lp.export(subset, "out", "copies")
    path = next(Path("out").rglob("*.png"))
    path.write_bytes(b"of another program")
    with pytest.raises(MismatchError, match=f"^{path} exists and holds something else: give another"):
        lp.export(subset, "out", "copies")
    assert path.read_bytes() == b"of another program"
    lp.export(subset, "out", "copies", overwrite=True)
    assert len(ImageFolder("out")) == 12
    with pytest.raises(MismatchError, match="exists and holds something else"):
        lp.export(subset, "out", "links")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_other_files_is_left_alone(subset, overwrite):
    Path("out/class0").mkdir(parents=True)
    Path("out/class0/mine.png").write_bytes(b"mine")
    with pytest.raises(MismatchError, match=r"^out holds other files, class0/mine.png: name an empty folder, or a new one$"):
        lp.export(subset, "out", "copies", overwrite=overwrite)
    assert files_below("out") == {"class0/mine.png": b"mine"}


def test_less_is_not_put_among_more(subset):
    lp.export(subset, "out", "copies")
    less = lp.prune("folder:photos", strategy="class-random", ratio=0.75)
    with pytest.raises(MismatchError, match=r"^out holds other files, class\S+, class\S+, class\S+ and \d more: name"):
        lp.export(less, "out", "copies", overwrite=True)


@pytest.mark.parametrize(
    "out", ["photos", "photos/train", "photos/train/class0", "photos/train/class0/kept", "photos/kept", "."]
)
def test_a_folder_among_the_images_is_refused(subset, out):
    before = files_below("photos")
    with pytest.raises((DataError, MismatchError), match=r"lie in each other|holds other files"):
        lp.export(subset, out, "copies")
    assert files_below("photos") == before


def test_what_a_kill_left_is_no_other_file(subset):
    Path("out/class0").mkdir(parents=True)
    Path("out/class0/.lt-prune-00000000-1-abc.part").write_bytes(b"half")
    lp.export(subset, "out", "copies")
    assert len(ImageFolder("out")) == 12


def test_an_interrupted_copy_leaves_whole_files_alone(subset, monkeypatch):
    copy, done = shutil.copyfile, []

    def fail(source, place):
        if len(done) == 5:
            Path(place).write_bytes(b"half")
            raise KeyboardInterrupt
        done.append(place)
        return copy(source, place)

    monkeypatch.setattr("shutil.copyfile", fail)
    with pytest.raises(KeyboardInterrupt):
        lp.export(subset, "out", "copies")
    assert len(files_below("out")) == 5
    monkeypatch.undo()
    os.chdir(Path("out").absolute().parent)
    assert all(content != b"half" for content in files_below("out").values())


# What the source is now


def test_files_that_have_changed_or_gone_are_refused(subset):
    kept = [f"photos/{name}" for name, is_kept in zip(subset.index.file_names, subset.kept) if is_kept]
    Image.new("RGB", (8, 8)).save(kept[0])
    with pytest.raises(MismatchError, match=f"^{kept[0]} has another content than .*: put the images back, or prune again$"):
        lp.export(subset, "out", "copies")
    Path(kept[0]).unlink()
    with pytest.raises(lp.LtPruneError, match=r"gone|other images"):
        lp.export(subset, "out", "copies")
    shutil.rmtree("photos")
    with pytest.raises(DataError, match=r"^the folder (folder:)?photos is not here"):
        lp.export(subset, "out", "copies")
    assert not Path("out").exists()


# Names


def test_numbers_sort_as_they_count():
    assert class_folders([str(i) for i in range(11)])[-2:] == ["09", "10"]
    assert class_folders(["cat", "10"]) == ["cat", "10"]


@pytest.mark.parametrize("name", ["a/b", "..", "", "a\\b", "a\nb"])
def test_a_class_that_no_folder_can_be_called_is_refused(name):
    with pytest.raises(ArgumentError, match="the class name"):
        class_folders(["cat", name])


def test_files_have_their_own_names_or_where_two_are_alike_their_paths():
    assert placed(["a/1.png", "b/2.png"], ["x", "x"]) == [PurePosixPath("x/1.png"), PurePosixPath("x/2.png")]
    assert placed(["x/a/1.png", "x/b/1.png"], ["x", "x"]) == [PurePosixPath("x/a/1.png"), PurePosixPath("x/b/1.png")]
    assert placed(["a/1.png", "b/1.png"], ["x", "y"]) == [PurePosixPath("x/1.png"), PurePosixPath("y/1.png")]


def test_a_list_becomes_a_folder_whose_classes_sort_as_its_numbers(blob_folder, in_tmp):
    blob_folder((12, 8, 4))
    files = sorted(Path("photos/train").rglob("*.png"))
    lines = [
        f"{path.relative_to('photos')} {int(path.parent.name[-1]) + 8 * (path.parent.name[-1] == '2')}" for path in files
    ]
    more = [f"{path.relative_to('photos')} {2 + i % 8}" for i, path in enumerate(sorted(Path("photos/test").rglob("*.png")))]
    Path("lt.txt").write_text("\n".join([*lines, *more]))
    reading = lp.Reading(root="photos", holdout=0)
    subset = lp.prune("list:lt.txt", strategy="class-random", ratio=0.2, reading=reading)
    with pytest.raises(DataError, match="lie in each other"):
        lp.export(subset, "photos/train/class0/out", "links")
    lp.export(subset, "out", "links")
    lp.export(subset, "photos/out", "links")  # no list has it
    read = ImageFolder("out")
    assert read.classes == [f"{label:02}" for label in range(11)]
    assert np.bincount(read.targets).tolist() == subset.kept_counts.tolist()


def test_classes_that_sort_otherwise_are_told(blob_folder, in_tmp):
    blob_folder((4, 12, 8))
    subset = lp.prune("folder:photos", strategy="random", ratio=0.2, reading=lp.Reading(class_order="count"))
    with pytest.warns(UserWarning, match="the classes of photos are not in the order of their names, by which loaders"):
        lp.export(subset, "out", "links")
    assert ImageFolder("out").classes == ["class0", "class1", "class2"]
