from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.planning.paths import grid_path, run_path, scores_path, set_path
from lt_prune.store.names import check_name, check_path

GOOD = ("cifar10-lt100", "Käse", "猫", "with space", "a:pill:b", ":smile:", "...", "..x", "👩‍🚀")


@pytest.mark.parametrize("name", GOOD)
def test_a_name_may_be_any_text(name, tmp_path):
    assert check_name("the name", name) == name
    (tmp_path / check_path("the name", name)).write_text("")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_path_may_have_folders():
    assert check_path("the file name", "train/Käse/0.png") == "train/Käse/0.png"


ODD = [
    "../x",
    "a/../../x",
    "..",
    "/etc/passwd",
    "\\x",
    "C:\\x",
    "c:/x",
    "a\\..\\x",
    "a\0b",
    "\udc80",
    7,
]
UNPRINTABLE = ("a\nb", "\x1b[2J", "a\u2028b")


@pytest.mark.parametrize("name", ODD)
def test_what_leads_out_of_a_folder_or_names_no_file_is_refused(name):
    for check in (check_name, check_path):
        with pytest.raises(ArgumentError) as refusal:
            check("the name", name)
        assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", UNPRINTABLE)
def test_a_picture_may_be_called_so_but_no_file_of_ours(name, tmp_path):
    (tmp_path / check_path("the file name", name)).write_text("")
    with pytest.raises(ArgumentError, match="must be without control characters and line breaks: rename it") as refusal:
        check_name("the name", name)
    assert str(refusal.value).isprintable()


def test_pictures_of_such_names_are_kept_in_every_file(blob_folder, in_tmp):
    folder = blob_folder((6, 4, 4)) / "train"
    for old, new in (("class0/0000.png", "class0/a\nb.png"), ("class1", "class\n1")):
        (folder / old).rename(folder / new)
    data = lp.build(folder, out="set.h5", reading=lp.Reading(holdout=0.0))
    subset = lp.prune("set.h5", strategy="random", ratio=0.2, out="kept.h5")
    assert lp.read_subset("kept.h5").index.file_names == data.index.file_names == subset.index.file_names
    assert "class0/a\nb.png" in data.index.file_names
    assert "class\n1" in lp.read_set("set.h5").index.class_names


@pytest.mark.parametrize("name", ["", ".", "a/b", "a\\b"])
def test_a_name_is_one_part_of_a_path(name):
    with pytest.raises(ArgumentError, match="must be one part of a file's name"):
        check_name("the name", name)


@pytest.mark.parametrize("path", [set_path, scores_path, grid_path, lambda index: run_path(index.name, "ce", 0)])
def test_no_default_path_leads_outside_whatever_a_set_is_called(blobs, path):
    index = blobs().index
    assert path(index).parent in (Path("sets"), Path("scores"), Path("runs"))
    with pytest.raises(ArgumentError, match=r"must not lead|one part of a file's name"):
        path(replace(index, name="../../outside/x"))
