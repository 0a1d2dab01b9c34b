from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lt_prune.errors import FileError
from lt_prune.store.results import read_result, write_result
from lt_prune.types import Evaluation, FirstStage, Recipe, TrainResult

RESULT = TrainResult(
    name="Käse-lt10",
    data="folder-lt10:/data/Käse",
    data_digest="ab" * 32,
    subset="avh 0.45",
    strategy=None,
    metric=None,
    keep=None,
    within=None,
    ratio=0.0,
    subset_digest="cd" * 32,
    n_train=100,
    class_counts=(60, 30, 10),
    method="alas",
    settings={"tau": 0.75, "alas_form": "concave"},
    first=FirstStage(method="mixup", recipe=Recipe(mixup=1.0), settings={}, seed=2**62, device="cuda", precision="bf16"),
    prediction="angular",
    recipe=Recipe(epochs=2, lr=0.05, schedule="cosine"),
    seed=2**62,
    evaluation=Evaluation(
        overall=1 / 3,
        balanced=0.1,
        head=0.5,
        middle=None,
        tail=0.0,
        per_class=(0.5, None, 0.0),
        ece=0.07,
        macro_f1=0.2,
        confusion=((5, 5, 0), (0, 0, 0), (10, 10, 0)),
        n_test=30,
    ),
    loss=(2.3, 1 / 7),
    seconds=12.5,
    device="cuda",
    precision="tf32",
    compiled=True,
    versions={"python": "3.11.7"},
)


@pytest.fixture
def path(tmp_path):
    write_result(tmp_path / "result.json", RESULT)
    return tmp_path / "result.json"


def test_every_field_comes_back(path):
    assert read_result(path) == RESULT


def test_a_result_of_the_whole_set_comes_back(tmp_path):
    whole = replace(RESULT, subset=None, subset_digest=None, data=None)
    write_result(tmp_path / "a.json", whole)
    assert read_result(str(tmp_path / "a.json")) == whole


def test_it_is_plain_json(path):
    fields = json.loads(path.read_text())
    assert fields["evaluation"]["per_class"] == [0.5, None, 0.0]
    assert fields["class_counts"] == [60, 30, 10]
    assert fields["recipe"]["schedule"] == "cosine"


def test_a_result_from_before_it_said_how_it_was_computed_is_one_of_the_cpu(path):
    fields = json.loads(path.read_text())
    for name in ("device", "precision", "compiled"):
        del fields[name], fields["first"][name]
    path.write_text(json.dumps(fields))
    read = read_result(path)
    assert read.first
    assert (read.arithmetic, read.first.arithmetic) == ("fp32 on cpu", "fp32 on cpu")


def test_a_missing_result_is_named(tmp_path):
    with pytest.raises(FileError, match=f"{tmp_path}/result.json does not exist: name the folder of a finished run"):
        read_result(tmp_path / "result.json")


def test_a_truncated_result_is_refused(path):
    content = path.read_bytes()
    for length in range(0, len(content) - 2, 40):
        path.write_bytes(content[:length])
        with pytest.raises(FileError, match=f"{path} is no result of a run"):
            read_result(path)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"[1]", b"null", b"3", b'"text"', b"\xff\xfe", b"no json"])
def test_other_json_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(FileError, match="is no result of a run"):
        read_result(path)


@pytest.mark.parametrize("name", ["evaluation", "recipe", "loss", "seed", "n_train"])
def test_a_result_that_lacks_a_field_is_refused(path, name):
    fields = json.loads(path.read_text())
    del fields[name]
    path.write_text(json.dumps(fields))
    with pytest.raises(FileError, match=name):
        read_result(path)


@pytest.mark.parametrize(
    ("name", "value"), [("evaluation", []), ("evaluation", None), ("recipe", {"epochs": 0}), ("loss", 3), ("extra", 1)]
)
def test_a_result_with_a_wrong_field_is_refused(path, name, value):
    fields = json.loads(path.read_text())
    fields[name] = value
    path.write_text(json.dumps(fields))
    with pytest.raises(FileError, match="is no result of a run"):
        read_result(path)


def test_a_result_at_equal_steps_comes_back(tmp_path):
    result = replace(RESULT, equal="steps", unscaled={"epochs": 1, "milestones": (0.5, 3.0)}, ensemble=3)
    write_result(tmp_path / "a.json", result)
    assert read_result(tmp_path / "a.json") == result


def test_a_result_of_the_first_versions_is_at_equal_epochs(path):
    fields = json.loads(path.read_text())
    for name in ("equal", "unscaled", "ensemble"):
        del fields[name]
    path.write_text(json.dumps(fields))
    assert read_result(path) == RESULT
    assert (RESULT.equal, RESULT.unscaled, RESULT.ensemble) == ("epochs", {}, None)
