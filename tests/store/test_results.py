from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.errors import FileError
from lt_prune.runs import Evaluation, FailedRun, PlannedRun, TrainResult, TrainSpec
from lt_prune.store.results import (
    read_failure,
    read_grid,
    read_result,
    write_failure,
    write_grid,
    write_result,
)
from lt_prune.store.schema import SCHEMAS

FIRST = TrainSpec(
    name="Käse-lt10",
    data_digest="ab" * 32,
    subset_digest="cd" * 32,
    method="mixup",
    recipe=Recipe(mixup=1.0),
    seed=2**62,
    arithmetic=Arithmetic(device="cuda", precision="bf16"),
)
SPEC = TrainSpec(
    name="Käse-lt10",
    data_digest="ab" * 32,
    subset_digest="cd" * 32,
    method="alas",
    settings={"tau": 0.75, "alas_form": "concave"},
    first=FIRST,
    prediction="angular",
    recipe=Recipe(epochs=2, lr=0.05, schedule="cosine"),
    seed=2**62,
    arithmetic=Arithmetic(device="cuda", precision="tf32", compiled=True),
)
RESULT = TrainResult(
    spec=SPEC,
    data="folder-lt10:/data/Käse",
    subset="avh 0.45",
    n_train=100,
    class_counts=(60, 30, 10),
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
    versions={"python": "3.11.7"},
)
FIRST_IN_SCHEMA_1 = ("method", "recipe", "settings", "seed")


@pytest.fixture
def path(tmp_path):
    write_result(tmp_path / "result.json", RESULT)
    return tmp_path / "result.json"


def as_schema_1(content: dict) -> dict:
    """As the first version wrote it: the fields of the spec among the others, and few of the first stage."""
    spec = content.pop("spec")
    first = spec.pop("first")
    told = {**{name: first[name] for name in FIRST_IN_SCHEMA_1}, **first["arithmetic"]}
    del content["schema"]
    return {**spec.pop("arithmetic"), **spec, "first": told, **content}


def test_every_field_comes_back(path):
    assert read_result(path) == RESULT


def test_a_result_of_the_whole_set_comes_back(tmp_path):
    whole = replace(RESULT, subset=None, data=None, spec=replace(SPEC, subset_digest=None, first=None))
    write_result(tmp_path / "a.json", whole)
    assert read_result(str(tmp_path / "a.json")) == whole


def test_it_is_plain_json(path):
    fields = json.loads(path.read_text())
    assert next(iter(fields)) == "schema"
    assert fields["evaluation"]["per_class"] == [0.5, None, 0.0]
    assert fields["class_counts"] == [60, 30, 10]
    assert fields["spec"]["recipe"]["schedule"] == "cosine"
    assert fields["spec"]["first"]["arithmetic"]["precision"] == "bf16"


def test_a_result_of_schema_1_is_read(path):
    """It says of a first stage what the run itself does not say."""
    path.write_text(json.dumps(as_schema_1(json.loads(path.read_text()))))
    assert read_result(path) == RESULT


def test_a_result_from_before_it_said_how_it_was_computed_is_one_of_the_cpu(path):
    fields = as_schema_1(json.loads(path.read_text()))
    for name in asdict(Arithmetic()):
        del fields[name], fields["first"][name]
    path.write_text(json.dumps(fields))
    spec = read_result(path).spec
    assert spec.first
    assert (spec.arithmetic, spec.first.arithmetic) == (Arithmetic(), Arithmetic())


def test_the_concave_form_of_abs_was_called_sine(tmp_path):
    spec = replace(SPEC, method="abs", settings={"s": 0.25, "abs_form": "concave"})
    write_result(tmp_path / "result.json", replace(RESULT, spec=spec))
    write_failure(tmp_path / "failure.json", FailedRun(spec=spec, reason="it diverged"))
    write_grid(tmp_path / "grid.json", {tmp_path / "a": PlannedRun(spec=spec)})
    for file in tmp_path.glob("*.json"):
        file.write_text(file.read_text().replace('"concave"', '"sine"'))
    assert '"sine"' in (tmp_path / "result.json").read_text()
    assert read_result(tmp_path / "result.json").spec == spec
    assert read_failure(tmp_path / "failure.json").spec == spec
    assert read_grid(tmp_path / "grid.json")[tmp_path / "a"].spec == spec
    (tmp_path / "old.json").write_text(json.dumps(as_schema_1(json.loads((tmp_path / "result.json").read_text()))))
    assert read_result(tmp_path / "old.json").spec == spec


def test_a_field_that_an_older_version_did_not_know_has_its_default(path):
    fields = json.loads(path.read_text())
    for name in ("fresh", "draws", "milestones"):
        del fields["spec"]["recipe"][name], fields["spec"]["first"]["recipe"][name]
    for name in ("equal", "unscaled", "ensemble", "keep"):
        del fields["spec"][name]
    path.write_text(json.dumps(fields))
    assert read_result(path) == RESULT


def test_failures_and_plans_come_back(tmp_path):
    failed, planned = FailedRun(spec=SPEC, reason="it diverged"), PlannedRun(spec=FIRST)
    write_failure(tmp_path / "failure.json", failed)
    write_grid(tmp_path / "grid.json", {tmp_path / "a": planned, tmp_path / "b" / "c": PlannedRun(spec=SPEC)})
    assert read_failure(tmp_path / "failure.json") == failed
    assert read_grid(tmp_path / "grid.json") == {tmp_path / "a": planned, tmp_path / "b" / "c": PlannedRun(spec=SPEC)}


def test_failures_and_plans_of_schema_1_are_read(tmp_path):
    write_failure(tmp_path / "failure.json", FailedRun(spec=SPEC, reason="it diverged"))
    old = as_schema_1(json.loads((tmp_path / "failure.json").read_text()))
    (tmp_path / "failure.json").write_text(json.dumps(old))
    del old["reason"], old["subset_digest"]
    (tmp_path / "grid.json").write_text(json.dumps({"runs": [{"folder": "a", **old}]}))
    assert read_failure(tmp_path / "failure.json").spec == SPEC
    spec = replace(SPEC, subset_digest=None, first=replace(FIRST, subset_digest=None))
    assert read_grid(tmp_path / "grid.json") == {tmp_path / "a": PlannedRun(spec=spec)}


@pytest.mark.parametrize(
    ("kind", "read"),
    [("result", read_result), ("failure", read_failure), ("sweep", read_grid)],
    ids=["result", "failure", "sweep"],
)
def test_a_file_of_a_later_version_says_so(tmp_path, kind, read):
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"schema": SCHEMAS[kind] + 1, "other": "fields"}))
    with pytest.raises(FileError) as refusal:
        read(file)
    known = SCHEMAS[kind]
    assert str(refusal.value) == (
        f"{file} was written by a newer lt-prune (schema {known + 1}, this one reads up to {known}): update lt-prune"
    )


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


@pytest.mark.parametrize("name", ["evaluation", "loss", "n_train", "recipe", "seed"])
def test_a_result_that_lacks_a_field_is_refused(path, name):
    fields = json.loads(path.read_text())
    del (fields if name in fields else fields["spec"])[name]
    path.write_text(json.dumps(fields))
    with pytest.raises(FileError, match=name):
        read_result(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("evaluation", []),
        ("evaluation", None),
        ("spec", {"recipe": {"epochs": 0}}),
        ("loss", 3),
        ("extra", 1),
        ("schema", "x"),
    ],
)
def test_a_result_with_a_wrong_field_is_refused(path, name, value):
    fields = json.loads(path.read_text())
    fields[name] = value
    path.write_text(json.dumps(fields))
    with pytest.raises(FileError, match="is no result of a run"):
        read_result(path)


def test_a_result_at_equal_steps_comes_back(tmp_path):
    spec = replace(SPEC, equal="steps", unscaled={"epochs": 1, "milestones": (0.5, 3.0)}, ensemble=3)
    write_result(tmp_path / "a.json", replace(RESULT, spec=spec))
    assert read_result(tmp_path / "a.json").spec == spec
