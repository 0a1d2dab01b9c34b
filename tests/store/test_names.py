from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

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
    "a\nb",
    "a\0b",
    "\x1b[2J",
    "a\u2028b",
    "\udc80",
    7,
]


@pytest.mark.parametrize("name", ODD)
def test_what_leads_out_of_a_folder_or_is_no_line_of_text_is_refused(name):
    for check in (check_name, check_path):
        with pytest.raises(ArgumentError) as refusal:
            check("the name", name)
        assert str(refusal.value).isprintable()


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
