"""A run finds its data and its subset again, wherever it and they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError, FileError
from lt_prune.planning.places import data_again, data_file, place_of
from lt_prune.runs import Place


@pytest.fixture
def project(in_tmp, blob_folder, monkeypatch) -> Path:
    """A folder with photos and a run on a subset of them."""
    (in_tmp / "project").mkdir()
    shutil.move(blob_folder((12, 8, 4)), in_tmp / "project" / "photos")
    monkeypatch.chdir(in_tmp / "project")
    lp.prune("folder:photos", strategy="random", ratio=0.4, out="subsets/kept.h5")
    lp.train("folder:photos", subset="subsets/kept.h5", epochs=1, model="resnet8", out="runs/mine")
    return in_tmp / "project"


def n_tested(run: str) -> int:
    return lp.evaluate(run, prediction="abs").n_test


def test_a_result_says_where_its_data_and_its_subset_lay(project):
    result = lp.read_result("runs/mine/result.json")
    assert result.data_place == Place(absolute=f"{project}/photos", relative="../../photos")
    assert result.subset_place == Place(absolute=f"{project}/subsets/kept.h5", relative="../../subsets/kept.h5")


def test_a_run_is_evaluated_from_another_folder(project, monkeypatch, tmp_path):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert n_tested("../project/runs/mine") == 15


def test_data_named_by_their_place_alone_are_read_as_they_were(project, monkeypatch, tmp_path):
    lp.train("photos", reading=lp.Reading(resize=6), epochs=1, model="resnet8", out="runs/resized")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert lp.evaluate("../project/runs/resized").n_test == 15


def test_a_run_may_be_moved_alone(project):
    shutil.move("runs/mine", "elsewhere")
    assert n_tested("elsewhere") == 15


def test_everything_may_be_moved_together(project, monkeypatch):
    monkeypatch.chdir(project.parent)
    shutil.move("project", "renamed")
    assert n_tested("renamed/runs/mine") == 15


def test_a_set_file_is_found_again(project, monkeypatch):
    lp.build("folder:photos", out="set.h5")
    lp.train("set.h5", epochs=1, model="resnet8", out="runs/of-a-file")
    monkeypatch.chdir(project.parent)
    shutil.move("project", "renamed")
    assert lp.evaluate("renamed/runs/of-a-file").n_test == 15


def test_data_that_are_in_neither_place_are_asked_for(project):
    shutil.move("photos", "gone")
    says = f"it is neither {project}/photos nor ../../photos as seen from runs/mine: name it with --data$"
    with pytest.raises(FileError, match=f"^runs/mine was trained on folder:photos, and {says}"):
        lp.evaluate("runs/mine")
    assert lp.evaluate("runs/mine", "folder:gone").n_test == 15


def test_a_subset_that_is_in_neither_place_is_asked_for(project):
    shutil.move("subsets/kept.h5", "gone.h5")
    with pytest.raises(ArgumentError, match=r"kept.h5 as seen from runs/mine: name its file with --subset$"):
        n_tested("runs/mine")
    assert lp.evaluate("runs/mine", prediction="abs", subset="gone.h5").n_test == 15


@pytest.fixture
def listed(project) -> Path:
    """A run on a list of the photos, whose paths begin in another folder than that of the list."""
    images = sorted(path.relative_to("photos/train").as_posix() for path in Path("photos/train").rglob("*.png"))
    Path("lists").mkdir()
    Path("lists/lt.txt").write_text("".join(f"{name} {name.partition('/')[0]}\n" for name in images))
    reading = lp.Reading(root="photos/train", holdout=0.3)
    lp.train("list:lists/lt.txt", reading=reading, epochs=1, model="resnet8", out="runs/listed")
    return project


def test_the_root_of_a_list_is_found_from_another_folder(listed, monkeypatch, tmp_path):
    before = lp.evaluate("runs/listed").n_test
    result = lp.read_result("runs/listed/result.json")
    assert result.root_place == Place(absolute=f"{listed}/photos/train", relative="../../photos/train")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert lp.evaluate("../project/runs/listed").n_test == before
    assert lp.evaluate("../project/runs/listed", "list:../project/lists/lt.txt").n_test == before
    monkeypatch.chdir(listed.parent)
    shutil.move("project", "renamed")
    assert lp.evaluate("renamed/runs/listed").n_test == before
    shutil.move("renamed/photos", "gone")
    with pytest.raises(DataError, match="name the folder that its paths begin in by --root"):
        lp.evaluate("renamed/runs/listed")
    assert lp.evaluate("renamed/runs/listed", reading=lp.Reading(root="gone/train")).n_test == before


@pytest.mark.parametrize(
    ("data", "expected"),
    [("digits", None), ("cifar10-lt50", None), ("folder:a/b", "a/b"), ("a/set.h5", "a/set.h5"), ("npz:a.npz", "a.npz")],
)
def test_what_is_named_as_data_has_a_place_or_none(in_tmp, data, expected):
    assert data_file(data) == (Path(expected) if expected else None)


def test_a_source_of_no_place_is_named_as_it_was(tmp_path):
    assert place_of(data_file("digits"), tmp_path) is None
    assert data_again("digits", None, tmp_path) == "digits"


def test_results_of_the_versions_before_have_no_places(project):
    result = lp.read_result("runs/mine/result.json")
    assert data_again("folder:photos", None, Path("runs/mine")) == "folder:photos"
    assert result.spec.subset_digest == lp.read_subset("subsets/kept.h5").digest


# What is not ours


def test_a_foreign_file_among_subsets_is_passed_over(project):
    Path("subsets/aaa.h5").write_bytes(b"of another program")
    Path("subsets/bbb.h5").mkdir()
    with pytest.warns(UserWarning, match="^passed over what is no subset of ours: subsets/aaa.h5 and 1 more$") as told:
        result = lp.train("folder:photos", subset="auto", epochs=1, model="resnet8")
    assert result.n_train == 14
    assert len(told) == 1


def test_scores_among_subsets_are_passed_over(project):
    lp.score("folder:photos", members=1, epochs=1, model="resnet8", out="subsets/aaa.h5")
    with pytest.warns(UserWarning, match="passed over what is no subset of ours: subsets/aaa.h5$"):
        assert lp.train("folder:photos", subset="auto", epochs=1, model="resnet8").n_train == 14


def test_a_foreign_file_among_scores_is_passed_over(project):
    Path("scores").mkdir()
    Path("scores/theirs.h5").write_bytes(b"of another program")
    with pytest.warns(UserWarning, match=r"^passed over what is no score file of ours: scores/theirs\.h5$"):
        assert lp.train("folder:photos", subset="auto", epochs=1, model="resnet8").n_train == 14


def test_a_damaged_subset_is_not_passed_over(project):
    content = Path("subsets/kept.h5").read_bytes()
    Path("subsets/other.h5").write_bytes(content[:-1])
    with pytest.raises(FileError, match=r"subsets/other\.h5 is damaged"):
        lp.train("folder:photos", subset="auto", epochs=1, model="resnet8")


def test_foreign_records_among_runs_are_passed_over(project):
    Path("runs/theirs").mkdir()
    Path("runs/theirs/result.json").write_text('{"accuracy": 1}')
    Path("runs/x-sweep.json").write_text("[1, 2]")
    Path("runs/others/result.json").mkdir(parents=True)
    with pytest.warns(
        UserWarning, match="^passed over what is no whole record of runs of ours: runs/others/result.json and 2 more$"
    ):
        assert [row["n"] for row in lp.results()] == [1]


def test_a_damaged_result_is_not_passed_over(project):
    Path("runs/theirs").mkdir()
    Path("runs/theirs/result.json").write_text('{"schema": 3, "evaluation": {}}')
    with pytest.raises(FileError, match=r"runs/theirs/result\.json is damaged \(its checksum does not match\)"):
        lp.results()
