from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError, FileError
from lt_prune.runs import Calibration, Confusion, Evaluation, FailedRun, PlannedRun, TrainResult, TrainSpec
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
CALIBRATION = Calibration(
    count=(0,) * 5 + (20, 0, 10) + (0,) * 7,
    right=(0,) * 5 + (0, 0, 5) + (0,) * 7,
    confidence=(None,) * 5 + (0.355, None, 0.5) + (None,) * 7,
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
        ece=7.1 / 30,
        macro_f1=0.2,
        confusion=Confusion(num_classes=3, true=(0, 0, 2, 2), predicted=(0, 1, 0, 1), count=(5, 5, 10, 10)),
        n_test=30,
        calibration=CALIBRATION,
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
    """As the first version wrote it: the fields of the spec among the others, and few of the first stage, the confusion
    matrix whole, and no seal."""
    spec = content.pop("spec")
    first = spec.pop("first")
    told = {**{name: first[name] for name in FIRST_IN_SCHEMA_1}, **first["arithmetic"]}
    del content["schema"], content["sha256"]
    if "evaluation" in content:
        content["evaluation"]["confusion"] = [[5, 5, 0], [0, 0, 0], [10, 10, 0]]
    return {**spec.pop("arithmetic"), **spec, "first": told, **content}


def write_sealed(path: Path, content: dict) -> None:
    """As someone who means it would: with the checksum as docs/formats.md describes it."""
    rest = {name: value for name, value in content.items() if name != "sha256"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    path.write_text(json.dumps({"sha256": hashlib.sha256(canonical.encode()).hexdigest(), **rest}))


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
        write_sealed(file, json.loads(file.read_text().replace('"concave"', '"sine"')))
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
    write_sealed(path, fields)
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
    write_sealed(path, fields)
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
    write_sealed(path, fields)
    with pytest.raises(FileError, match="is no result of a run"):
        read_result(path)


def test_a_result_at_equal_steps_comes_back(tmp_path):
    spec = replace(SPEC, equal="steps", unscaled={"epochs": 1, "milestones": (0.5, 3.0)}, ensemble=3)
    write_result(tmp_path / "a.json", replace(RESULT, spec=spec))
    assert read_result(tmp_path / "a.json").spec == spec


WRITTEN = {
    "result": lambda path: write_result(path, RESULT),
    "failure": lambda path: write_failure(path, FailedRun(spec=SPEC, reason="it diverged")),
    "sweep": lambda path: write_grid(path, {path.parent / "a": PlannedRun(spec=SPEC)}),
}
READ = {"result": read_result, "failure": read_failure, "sweep": read_grid}


@pytest.mark.parametrize("kind", READ)
def test_the_seal_is_the_sha256_of_the_rest_in_its_canonical_form(tmp_path, kind):
    WRITTEN[kind](tmp_path / "a.json")
    before = READ[kind](tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text())
    write_sealed(tmp_path / "b.json", content)
    assert json.loads((tmp_path / "b.json").read_text()) == content
    assert READ[kind](tmp_path / "b.json") == before, "laid out otherwise it is still whole"


@pytest.mark.parametrize("kind", READ)
def test_a_flipped_bit_is_refused_or_without_effect(tmp_path, kind):
    path = tmp_path / "a.json"
    WRITTEN[kind](path)
    before, content = READ[kind](path), path.read_bytes()
    refused = 0
    for i in range(0, len(content), 5):
        path.write_bytes(content[:i] + bytes([content[i] ^ 1 << i % 8]) + content[i + 1 :])
        try:
            assert READ[kind](path) == before, i
        except FileError:
            refused += 1
    assert refused > len(content) / 5 / 2


@pytest.mark.parametrize("kind", READ)
def test_a_changed_digit_or_a_missing_seal_is_damage(tmp_path, kind):
    path = tmp_path / "a.json"
    WRITTEN[kind](path)
    text = path.read_text()
    unsealed = json.dumps({name: value for name, value in json.loads(text).items() if name != "sha256"})
    for changed in (text.replace("0.75", "0.76"), unsealed):
        path.write_text(changed)
        with pytest.raises(
            FileError, match=rf"^{path} is damaged \(its checksum does not match\): make it again or restore a copy$"
        ):
            READ[kind](path)


def test_a_result_of_schema_2_needs_no_seal(path):
    content = json.loads(path.read_text())
    del content["sha256"]
    content["schema"] = 2
    content["evaluation"]["confusion"] = [[5, 5, 0], [0, 0, 0], [10, 10, 0]]
    path.write_text(json.dumps(content))
    assert read_result(path) == RESULT


NONSENSE = {
    "seed": ("spec", "seed", "1"),
    "ratio": ("spec", "ratio", 1.5),
    "name": ("spec", "name", "../../outside"),
    "method": ("spec", "method", "a/b"),
    "settings": ("spec", "settings", {"tau": {"deep": 1}}),
    "epochs": ("spec", "recipe", {"epochs": "2"}),
    "depth": ("spec", "recipe", {"depth": 8.0}),
    "device": ("spec", "arithmetic", {"device": 3}),
    "overall": ("evaluation", "overall", 1.5),
    "balanced": ("evaluation", "balanced", None),
    "ece": ("evaluation", "ece", -0.1),
    "head": ("evaluation", "head", "0.5"),
    "per_class": ("evaluation", "per_class", [0.5, None]),
    "n_test": ("evaluation", "n_test", 0),
    "few": ("evaluation", "n_test", 29),
    "cells": ("evaluation", "confusion", {"num_classes": 3, "true": [0], "predicted": [0, 1], "count": [30]}),
    "outside": ("evaluation", "confusion", {"num_classes": 3, "true": [3], "predicted": [0], "count": [30]}),
    "negative": ("evaluation", "confusion", {"num_classes": 3, "true": [-1], "predicted": [0], "count": [30]}),
    "twice": ("evaluation", "confusion", {"num_classes": 3, "true": [1, 1], "predicted": [0, 0], "count": [15, 15]}),
    "huge": ("evaluation", "confusion", {"num_classes": 10**9, "true": [1], "predicted": [0], "count": [30]}),
    "ragged": ("evaluation", "confusion", [[1], [2, 3]]),
    "counts": (None, "class_counts", [60, 30, 9]),
    "loss": (None, "loss", ["2"]),
    "data": (None, "data", 3),
    "seconds": (None, "seconds", None),
    "versions": (None, "versions", []),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_a_result_that_was_sealed_again_with_nonsense_is_refused(path, case):
    within, name, value = NONSENSE[case]
    content = json.loads(path.read_text())
    (content[within] if within else content)[name] = value
    write_sealed(path, content)
    with pytest.raises(FileError, match=f"{path} is no result of a run"):
        read_result(path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_number_that_json_does_not_know_is_refused(path, number):
    content = json.loads(path.read_text())
    content["seconds"] = 0.1234
    write_sealed(path, content)
    path.write_text(path.read_text().replace("0.1234", number))
    with pytest.raises(FileError):
        read_result(path)


@pytest.mark.parametrize("folder", ["../b", "/b", "a/../../b", "..", "C:\\b", 3, None])
def test_a_sweep_lists_no_folder_outside(tmp_path, folder):
    write_grid(tmp_path / "a.json", {tmp_path / "a": PlannedRun(spec=SPEC)})
    content = json.loads((tmp_path / "a.json").read_text())
    content["runs"][0]["folder"] = folder
    write_sealed(tmp_path / "a.json", content)
    with pytest.raises(FileError, match="is no record of a sweep"):
        read_grid(tmp_path / "a.json")


def test_what_is_nested_without_end_is_refused(path):
    path.write_text("[" * 100_000)
    with pytest.raises(FileError, match="is no result of a run"):
        read_result(path)


def test_a_result_of_many_classes_is_small(tmp_path):
    """iNaturalist's 8,142 classes; the whole matrix has 66 million cells."""
    m = 8142
    random = np.random.default_rng(0)
    confusion = Confusion.of(np.arange(m), random.integers(0, m, m), m)
    evaluation = replace(RESULT.evaluation, per_class=(1 / 3,) * m, n_test=m, confusion=confusion, calibration=None)
    result = replace(RESULT, evaluation=evaluation, class_counts=(1,) * m, n_train=m)
    write_result(tmp_path / "a.json", result)
    assert (tmp_path / "a.json").stat().st_size < 1_000_000
    assert read_result(tmp_path / "a.json") == result


def test_a_result_that_contradicts_itself_is_not_written(tmp_path):
    with pytest.raises(ArgumentError, match="n_test"):
        write_result(tmp_path / "a.json", replace(RESULT, evaluation=replace(RESULT.evaluation, n_test=0)))
    assert not list(tmp_path.iterdir())


def test_a_result_of_schema_3_has_no_bins_of_calibration(path):
    content = json.loads(path.read_text())
    del content["evaluation"]["calibration"]
    write_sealed(path, {**content, "schema": 3})
    found = read_result(path)
    assert found == replace(RESULT, evaluation=replace(RESULT.evaluation, calibration=None))
    write_result(path, found)
    assert read_result(path) == found


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"count": (30,)}, "calibration must be of 15 bins"),
        ({"count": (*CALIBRATION.count[:5], 21, *CALIBRATION.count[6:])}, "calibration must hold each test sample once"),
        ({"right": (*CALIBRATION.right[:5], 21, *CALIBRATION.right[6:])}, "more right than there are"),
        ({"right": (*CALIBRATION.right[:5], 1, *CALIBRATION.right[6:])}, "as many right as the confusion matrix"),
        ({"right": (*CALIBRATION.right[:5], 0.0, *CALIBRATION.right[6:])}, "calibration must be a whole number"),
        ({"confidence": (0.01, *CALIBRATION.confidence[1:])}, "mean confidence, empty ones none"),
        ({"confidence": (*CALIBRATION.confidence[:5], None, *CALIBRATION.confidence[6:])}, "empty ones none"),
        ({"confidence": (*CALIBRATION.confidence[:5], 0.41, *CALIBRATION.confidence[6:])}, "must lie in their bins"),
        ({"confidence": (*CALIBRATION.confidence[:5], "0.4", *CALIBRATION.confidence[6:])}, "confidence must be finite"),
        ({"confidence": (*CALIBRATION.confidence[:5], 0.36, *CALIBRATION.confidence[6:])}, "ece must be that of the bins"),
    ],
)
def test_bins_of_calibration_that_contradict_the_rest_are_refused(path, changed, says):
    evaluation = replace(RESULT.evaluation, calibration=replace(CALIBRATION, **changed))
    with pytest.raises(ArgumentError, match=says):
        write_result(path.parent / "other.json", replace(RESULT, evaluation=evaluation))
    content = json.loads(path.read_text())
    content["evaluation"]["calibration"] |= changed
    write_sealed(path, content)
    with pytest.raises(FileError, match=f"is no result of a run .*{says}"):
        read_result(path)
