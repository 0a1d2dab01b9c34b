from __future__ import annotations

import pwd
import re
from pathlib import Path

import pytest

from lt_prune.data.sources import SOURCES, Request
from lt_prune.data.spec import parse_spec
from lt_prune.errors import ArgumentError, DataError, UnknownNameError


@pytest.mark.parametrize(
    ("text", "source", "profile", "imbalance"),
    [
        ("cifar10", "cifar10", None, None),
        ("cifar10-lt100", "cifar10", "exp", 100),
        ("cifar100-lt50", "cifar100", "exp", 50),
        ("cifar100-step10", "cifar100", "step", 10),
        ("cifar10-lt2.5", "cifar10", "exp", 2.5),
        ("fashion-mnist", "fashion-mnist", None, None),
        ("fashion-mnist-lt10", "fashion-mnist", "exp", 10),
        ("digits-full", "digits", "none", None),
    ],
)
def test_a_name_is_a_source_and_a_cut(text, source, profile, imbalance):
    spec = parse_spec(text)
    assert (spec.source, spec.profile, spec.imbalance, spec.path) == (source, profile, imbalance, None)


def test_a_path_follows_the_first_colon():
    spec = parse_spec("cifar10-lt50:/data/a:b-lt3")
    assert (spec.source, spec.imbalance, spec.path) == ("cifar10", 50, Path("/data/a:b-lt3"))


def test_a_path_may_begin_at_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert parse_spec("folder:~/photos").path == Path("/home/somebody/photos")


def test_an_empty_path_is_none():
    assert parse_spec("digits:").path is None


@pytest.mark.parametrize(
    "name", ["cifar11", "digits-lt", "digits-lt1e2", "digits-step-10", "digits-LT10", "", "-lt10", ":/data"]
)
def test_other_names_are_refused(name):
    with pytest.raises(UnknownNameError, match="unknown data source"):
        parse_spec(name)


def test_a_misspelt_source_with_a_cut_is_named_without_the_cut():
    with pytest.raises(UnknownNameError, match=r"unknown data source 'cifar-10' \(did you mean 'cifar10'\?\)"):
        parse_spec("cifar-10-lt100")


@pytest.mark.parametrize("name", SOURCES.names)
def test_every_source_can_be_named_bare_and_cut(name):
    assert parse_spec(name).source == parse_spec(f"{name}-step20").source == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cifar10-lt100:/data", "cifar10"),
        ("folder:/data/my photos", "my-photos"),
        ("npz:/data/birds.npz", "birds"),
        ("folder-lt10:/data/birds", "birds"),
        ("folder", "folder"),
    ],
)
def test_base_name_is_the_users_own_for_files_of_theirs(text, name):
    assert parse_spec(text).base_name == name


def test_folders_that_differ_after_a_dot_have_names_that_differ():
    assert parse_spec("folder:/data/birds.v1").base_name != parse_spec("folder:/data/birds.v2").base_name


@pytest.fixture
def places(tmp_path, monkeypatch) -> Path:
    """A working directory with a folder photos, one called as a source is, and an archive."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "digits").mkdir()
    (tmp_path / "birds.npz").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "source", "name"),
    [
        ("photos", "folder", "photos"),
        ("./photos/", "folder", "photos"),
        ("photos/", "folder", "photos"),
        ("./digits", "folder", "digits"),
        ("birds.npz", "npz", "birds"),
        ("./birds.npz", "npz", "birds"),
    ],
)
def test_a_place_alone_names_what_lies_there(places, text, source, name):
    spec = parse_spec(text)
    assert (spec.source, spec.path, spec.profile, spec.base_name) == (source, Path(text), None, name)


def test_an_absolute_place_and_one_at_home_are_places(places, monkeypatch):
    monkeypatch.setenv("HOME", str(places))
    assert parse_spec(str(places / "photos")).source == parse_spec("~/photos").source == "folder"
    assert parse_spec("~/photos").path == places / "photos"


@pytest.mark.parametrize("text", ["photos-lt50", "./photos-lt50"])
def test_a_place_may_have_a_cut(places, text):
    spec = parse_spec(text)
    assert (spec.source, spec.base_name, spec.profile, spec.imbalance) == ("folder", "photos", "exp", 50)
    (places / "photos-lt50").mkdir()
    spec = parse_spec(text)  # a folder called so comes first
    assert (spec.base_name, spec.profile) == ("photos-lt50", None)


def test_a_source_comes_before_a_folder_of_its_name_and_that_is_said(places):
    with pytest.warns(UserWarning, match=r"digits is read as the source of that name, .* name that \./digits$"):
        assert parse_spec("digits").source == "digits"


@pytest.mark.parametrize("text", ["./phtos", "/no/photos", "~/no/photos", "phtos/", "../phtos.npz"])
def test_a_place_where_nothing_lies_is_called_so(places, text):
    with pytest.raises(UnknownNameError, match=f"^there is no folder or archive {text}: "):
        parse_spec(text)


@pytest.mark.parametrize(("typed", "meant"), [("photoz", "photos"), ("./photo", "./photos"), ("phtos/", "photos")])
def test_the_folder_that_was_meant_is_named(places, typed, meant):
    with pytest.raises(UnknownNameError, match=re.escape(f"(did you mean {meant}?)")):
        parse_spec(typed)


@pytest.mark.parametrize("typed", ["no/such/place", "no\0thing/x"])
def test_where_nothing_is_like_it_none_is_named(places, typed):
    with pytest.raises(UnknownNameError, match=r"nor is there a folder of that name$"):
        parse_spec(typed)


def test_the_home_of_nobody_is_a_place_where_nothing_lies():
    with pytest.raises(UnknownNameError, match="there is no folder or archive ~nobody-of-this-name"):
        parse_spec("~nobody-of-this-name")


def test_a_name_longer_than_any_files_is_unknown():
    with pytest.raises(UnknownNameError, match="unknown data source"):
        parse_spec("x" * 5000)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cifar10-lt-100", "cifar10-lt100"),
        ("cifar100-lt-50", "cifar100-lt50"),
        ("cifar10lt100", "cifar10-lt100"),
        ("CIFAR10", "cifar10"),
        ("CIFAR-100-LT-50:/data", "cifar100-lt50"),
        ("cifar10-exp100", "cifar10"),
        ("cifar10-lt100x", "cifar10"),
        ("digits-LT10", "digits-lt10"),
        ("fashion_mnist_step_20", "fashion-mnist-step20"),
        ("fashion", "fashion-mnist"),
        ("cifra100", "cifar100"),
        ("folders:/data", "folder"),
    ],
)
def test_the_hint_is_what_was_typed_most_nearly(typed, meant):
    with pytest.raises(UnknownNameError, match=rf" \(did you mean '{meant}'\?\): there are digits"):
        parse_spec(typed)


def test_every_hint_is_a_name_that_is_taken():
    for typed in ("cifar10-lt-100", "fashion_mnist_step_20", "digits-LT10"):
        with pytest.raises(UnknownNameError) as refusal:
            parse_spec(typed)
        assert parse_spec(str(refusal.value).split("'")[3]).profile


@pytest.fixture
def homeless(monkeypatch):
    """No HOME, and a user whom the system does not know."""

    def unknown(user: object) -> None:
        raise KeyError(f"getpwuid(): uid not found: {user}")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("LT_PRUNE_DATA", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(pwd, "getpwnam", unknown)


@pytest.mark.parametrize("path", ["~/photos", "~nobody-like-that/photos"])
def test_a_home_that_is_not_known_is_a_sentence(homeless, path):
    with pytest.raises(ArgumentError, match=f"^the home folder in {path} is not known here: name the folder in full$"):
        parse_spec(f"folder:{path}")


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "fashion-mnist"])
def test_downloads_need_a_home_or_a_name(homeless, name, monkeypatch, tmp_path):
    monkeypatch.setattr("lt_prune.data.sources.fashion_mnist.DEBIAN", tmp_path)
    with pytest.raises(ArgumentError, match=r"~/\.cache/lt-prune is not known here: set LT_PRUNE_DATA to a folder, or name"):
        SOURCES.load(name)(Request())
    monkeypatch.setenv("LT_PRUNE_DATA", str(tmp_path))
    with pytest.raises(DataError, match=str(tmp_path)):
        SOURCES.load(name)(Request())


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "fashion-mnist", "npz"])
def test_a_path_that_was_given_is_not_asked_for_again(name, tmp_path):
    with pytest.raises(DataError) as refusal:
        SOURCES.load(name)(Request(path=tmp_path / "gone"))
    assert str(tmp_path / "gone") in str(refusal.value)
    assert "PATH" not in str(refusal.value)


@pytest.mark.parametrize("text", ["photo.png", "./photo.png"])
def test_a_file_of_another_kind_is_said_to_be_one(in_tmp, text):
    (in_tmp / "photo.png").write_bytes(b"x")
    with pytest.raises(UnknownNameError, match=rf"^{text} is a file, and no set \(.h5\) or archive \(.npz\): "):
        parse_spec(text)
