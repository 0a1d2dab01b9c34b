from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest
from PIL import Image

import lt_prune as lp
from lt_prune.data.listing import in_order, shown
from lt_prune.data.sources import Request
from lt_prune.data.sources.folder import folder
from lt_prune.errors import DataError


def save(path: Path, colour: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 4), (colour, 20, 30)).save(path, format="PNG")
    return path


@pytest.fixture(params=["photos", "photos/train"])
def classes(request, tmp_path) -> Path:
    """The folder of two class folders of three pictures each, which is that of the source or its train/."""
    for i in range(3):
        save(tmp_path / request.param / "cat" / f"{i}.png", i)
        save(tmp_path / request.param / "dog" / f"{i}.png", 9 + i)
    return tmp_path / request.param


def root(classes: Path) -> Path:
    return classes.parent if classes.name == "train" else classes


def read(classes: Path, **options):
    return folder(Request(path=root(classes), **options))


def hide_a_folder(classes: Path) -> str:
    save(classes / ".ipynb_checkpoints" / "0.png")
    return "1 hidden or left by the system"


def hide_a_folder_in_a_class(classes: Path) -> str:
    save(classes / "cat" / ".ipynb_checkpoints" / "0.png")
    return "1 hidden or left by the system"


def hide_files(classes: Path) -> str:
    save(classes / "cat" / "._0.png")
    (classes / "cat" / "Thumbs.db").touch()
    (classes / ".DS_Store").touch()
    return "3 hidden or left by the system"


def zip_on_a_mac(classes: Path) -> str:
    save(classes / "__MACOSX" / "cat" / "0.png")
    return "1 hidden or left by the system"


def other_formats(classes: Path) -> str:
    for name in ("notes.txt", "x.h5", "x.mpg", "x.EPS", "x.wmf", "x.grib", "x"):
        (classes / "cat" / name).write_bytes(b"something")
    return "7 of no format that is read"


def loop(classes: Path) -> str:
    (classes / "cat" / "self").symlink_to(".")
    return "1 linked to a folder that they lie in"


def loop_above(classes: Path) -> str:
    (classes / "dog" / "up").symlink_to("..")
    (classes / "dog" / "further").symlink_to(classes.parent.parent)
    return "2 linked to a folder that they lie in"


def loop_as_a_class(classes: Path) -> str:
    (classes / "all").symlink_to(".")
    return "1 linked to a folder that they lie in"


def link_to_nothing(classes: Path) -> str:
    (classes / "cat" / "more").symlink_to("nowhere")
    return "1 linked to nothing"


def pipe(classes: Path) -> str:
    os.mkfifo(classes / "cat" / "pipe.png")
    return "1 no regular files"


def loose(classes: Path) -> str:
    save(classes / "cover.png")
    return "1 in no class folder"


STRAYS = [
    hide_a_folder,
    hide_a_folder_in_a_class,
    hide_files,
    zip_on_a_mac,
    other_formats,
    loop,
    loop_above,
    loop_as_a_class,
    link_to_nothing,
    pipe,
    loose,
]


@pytest.mark.parametrize("leave", STRAYS)
def test_what_is_neither_class_nor_picture_is_passed_over_in_one_line(classes, leave):
    before = read(classes)
    said = leave(classes)
    with pytest.warns(UserWarning, match=f"^passed over in {root(classes)}: {said} ") as caught:
        source = read(classes)
    assert len(caught) == 1
    assert (source.class_names, source.file_names) == (before.class_names, before.file_names)


@pytest.mark.parametrize("leave", STRAYS)
def test_strict_refuses_it_instead(classes, leave):
    said = leave(classes)
    with pytest.raises(DataError, match=f"holds what is neither class nor picture: {said} .* leave out --strict"):
        read(classes, strict=True)


def test_several_kinds_are_one_line(classes):
    said = [leave(classes) for leave in (hide_files, other_formats, loop)]
    with pytest.warns(UserWarning, match="passed over") as caught:
        read(classes)
    (line,) = {str(warning.message) for warning in caught}
    assert all(part in line for part in said)


def test_a_tidy_folder_is_read_without_a_word(classes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(classes, strict=True)


def test_a_folder_that_may_not_be_listed_is_said(classes, monkeypatch):
    save(classes / "cat" / "closed" / "9.png")
    plain = os.scandir

    def scandir(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(os, "scandir", scandir)  # root, as whom tests may run, may list everything
    with pytest.warns(UserWarning, match=r"1 not open to this user \((train/)?cat/closed\)"):
        assert len(read(classes).labels) == 6


def test_a_class_folder_that_may_not_be_entered_is_no_class(classes, monkeypatch):
    save(classes / "closed" / "9.png")
    plain_access, plain_stat = os.access, Path.stat

    def access(path, mode):
        return Path(path).name != "closed" and plain_access(path, mode)

    def stat(path, **options):
        if path.parent.name == "closed":
            raise PermissionError(13, "Permission denied")
        return plain_stat(path, **options)

    monkeypatch.setattr(os, "access", access)
    monkeypatch.setattr(Path, "stat", stat)
    with pytest.warns(UserWarning, match=r"1 not open to this user \((train/)?closed\)"):
        assert read(classes).class_names == ("cat", "dog")
    with pytest.raises(DataError, match=r"1 not open to this user \((train/)?closed\): remove it, or leave out --strict"):
        read(classes, strict=True)


def test_a_folder_that_may_not_be_entered_is_refused(classes, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DataError, match=r"cannot be listed \(Permission denied\): name another, or get access"):
        read(classes)


def test_links_to_other_places_are_followed(classes, tmp_path):
    save(tmp_path / "elsewhere" / "7.png")
    (classes / "cat" / "more").symlink_to(tmp_path / "elsewhere")
    (classes / "dog" / "8.png").symlink_to(tmp_path / "elsewhere" / "7.png")
    assert len(read(classes).labels) == 8


def test_links_that_lead_to_each_other_end(classes, tmp_path):
    for one, other in (("a", "b"), ("b", "a")):
        save(tmp_path / one / f"{one}.png")
        (tmp_path / one / "on").symlink_to(tmp_path / other)
    (classes / "cat" / "more").symlink_to(tmp_path / "a")
    with pytest.warns(UserWarning, match=r"cat/more/on/on"):
        names = read(classes).file_names
    assert sorted(Path(name).name for name in names if "more" in name) == ["a.png", "b.png"]


def test_folders_beside_train_and_test_are_said(tmp_path):
    for split in ("train", "test", "val"):
        for name in ("cat", "dog"):
            save(tmp_path / split / name / "0.png")
    with pytest.warns(UserWarning, match=r"1 folders beside train/ and test/ \(val\)"):
        assert len(folder(Request(path=tmp_path)).labels) == 2


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_class_may_be_called_as_a_split_is(tmp_path, name):
    for each in ("car", name):
        save(tmp_path / each / "0.png")
    assert folder(Request(path=tmp_path)).class_names == tuple(sorted(("car", name)))


@pytest.mark.parametrize("names", [("cat", "cat "), ("cafe\u0301", "caf\u00e9"), ("cat", "ca\u200bt"), ("a b", "a\u00a0b")])
def test_classes_that_look_alike_are_said_or_refused(classes, names):
    for i, name in enumerate(names):
        save(classes / name / "5.png", 90 + i)
    both = ", ".join(map(ascii, names)).replace("\\", r"\\")
    with pytest.warns(UserWarning, match=f"the class folders {both} of .* look alike and are 2 classes"):
        read(classes)
    with pytest.raises(DataError, match=f"{both}.* give them names that differ, or leave out --strict"):
        read(classes, strict=True)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("caf\u00e9", "caf\u00e9"),
        ("cafe\u0301", r"'cafe\u0301'"),
        ("cat ", "'cat '"),
        ("a\nb", r"'a\nb'"),
        ("black cat", "black cat"),
    ],
)
def test_a_name_is_shown_as_it_is_where_it_looks_like_it(name, told):
    assert shown(name) == told


def test_a_class_of_test_with_a_name_of_another_form_is_told_apart(tmp_path):
    for place in ("train/caf\u00e9", "train/dog", "test/cafe\u0301", "test/dog"):
        save(tmp_path / place / "0.png")
    with pytest.raises(
        DataError, match=r"test has class folders that train/ lacks: 'cafe\\u0301'; train/ has caf\u00e9, dog"
    ):
        folder(Request(path=tmp_path))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("text", ("1", "10", "2", "b1", "b10", "b9")),
        ("natural", ("1", "2", "10", "b1", "b9", "b10")),
        ("count", ("10", "b10", "1", "b1", "2", "b9")),
    ],
)
def test_classes_are_numbered_in_the_order_asked_for(order, expected):
    names = ("1", "10", "2", "b1", "b10", "b9")
    assert in_order(names, (5, 9, 2, 5, 7, 1), order) == expected


@pytest.mark.parametrize("names", [("01", "1"), ("", "1"), ("1a2", "1b1", "a"), ("²", "3")])
def test_every_name_has_a_place_in_the_natural_order(names):
    assert sorted(in_order(names, (1,) * len(names), "natural")) == sorted(names)


def test_the_order_of_classes_changes_labels_and_no_file(tmp_path):
    for c in range(12):
        save(tmp_path / str(c) / "x.png", c)
    text, natural = (
        lp.build(f"folder:{tmp_path}", reading=lp.Reading(class_order=o, holdout=0)) for o in ("text", "natural")
    )
    assert natural.index.class_names == tuple(str(c) for c in range(12))
    assert sorted(natural.index.source_index) == sorted(text.index.source_index) == list(range(12))
    by_file = dict(zip(natural.index.file_names, natural.index.source_index))
    assert by_file == dict(zip(text.index.file_names, text.index.source_index))
    assert all(natural.index.class_names[c] == name.split("/")[0] for c, name in zip(natural.index.labels, by_file))


@pytest.mark.parametrize("names", [("Train", "Test"), ("training", "validation"), ("val", "valid")])
def test_parts_of_a_split_are_no_classes(tmp_path, names):
    for name in names:
        save(tmp_path / name / "cat" / "0.png")
    with pytest.raises(
        DataError, match=f"holds {', '.join(sorted(names))}, which are no classes: call the folder of the train"
    ):
        folder(Request(path=tmp_path))
