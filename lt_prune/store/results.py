"""Results of trained runs, failures of others, and lists of planned ones, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from lt_prune.choices import FIGURES
from lt_prune.config.compute import Arithmetic
from lt_prune.errors import ArgumentError, FileError
from lt_prune.given import expect, known_keywords
from lt_prune.runs import FailedRun, Place, PlannedRun, TrainResult, TrainSpec
from lt_prune.store.atomic import write_bytes
from lt_prune.store.checks import arithmetic_of, check_result, check_spec, evaluation_of, recipe_of
from lt_prune.store.names import check_path
from lt_prune.store.sealed_json import BEGIN, sealed, unsealed

WEIGHTS = "model.pt"
RESULT = "result.json"
FAILURE = "failure.json"
"""Names of the files in a run's folder."""
STAGE_ONE = "stage1"
"""Name of the folder in it where the run is that a second stage started from."""
_PICTURES = tuple(f"{figure}.{format}" for figure in FIGURES for format in ("png", "pdf", "csv"))
_SPEC = tuple(each.name for each in fields(TrainSpec))
_ARITHMETIC = tuple(each.name for each in fields(Arithmetic))
_RENAMED = {("abs_form", "sine"): "concave"}
"""Values of settings by today's names, where earlier versions wrote another."""


def files_of_run(folder: Path) -> list[Path]:
    """What a run writes into its folder, its first stage in it included; whatever else lies there is somebody's."""
    names = (WEIGHTS, RESULT, FAILURE, *_PICTURES)
    found = [place / name for place in (folder, folder / STAGE_ONE) for name in names]
    return [file for file in found if file.is_file()]


def write_result(path: Path, result: TrainResult) -> None:
    """Write a result as JSON."""
    check_result(result)
    write_json(path, "result", asdict(result))


@known_keywords
def read_result(path: Path | str) -> TrainResult:
    """Read a result.

    Raises:
        FileError: the file is missing or is no result, or a later version wrote it.
    """
    with _reading(path, "result", "result of a run: remove it, and train the run again") as content:
        result = TrainResult(
            spec=_spec_of(content),
            evaluation=evaluation_of(content.pop("evaluation")),
            class_counts=tuple(content.pop("class_counts")),
            loss=tuple(content.pop("loss")),
            data_place=_place(content.pop("data_place", None)),
            subset_place=_place(content.pop("subset_place", None)),
            root_place=_place(content.pop("root_place", None)),
            **content,
        )
        check_result(result)
        return result


def _place(content: dict[str, str] | None) -> Place | None:
    return Place(**content) if content else None


def write_failure(path: Path, failure: FailedRun) -> None:
    """Write why a run has no result, as JSON."""
    check_spec(failure.spec)
    write_json(path, "failure", asdict(failure))


def read_failure(path: Path | str) -> FailedRun:
    """Read why a run has no result.

    Raises:
        FileError: the file is missing or is no failure, or a later version wrote it.
    """
    with _reading(path, "failure", "failure of a run: remove it") as content:
        failed = FailedRun(spec=_spec_of(content), **content)
        check_spec(failed.spec)
        expect("reason", failed.reason, str, "text")
        return failed


def write_grid(path: Path, grid: Mapping[Path, PlannedRun]) -> None:
    """Write which runs are planned, by folder; the folders are named as seen from where the file is."""
    rows = [
        {"folder": check_path("the folder", str(folder.relative_to(path.parent))), **asdict(run)}
        for folder, run in grid.items()
    ]
    write_json(path, "sweep", {"runs": rows})


def read_grid(path: Path | str) -> dict[Path, PlannedRun]:
    """Read which runs are planned, by folder.

    Raises:
        FileError: the file is missing or lists no runs, or a later version wrote it.
    """
    with _reading(path, "sweep", "record of a sweep: run the sweep again, after removing it") as content:
        folders = [Path(path).parent / check_path("the folder", row.pop("folder")) for row in content["runs"]]
        runs = [PlannedRun(spec=_spec_of(row), **row) for row in content["runs"]]
        for run in runs:
            check_spec(run.spec)
        return dict(zip(folders, runs, strict=True))


def is_ours(path: Path) -> bool:
    """Whether a file is whole JSON that tells of runs, as those of the same name that other programs write do not."""
    if not path.is_file():
        return False
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and bool({"evaluation", "reason", "runs"} & content.keys())


def was_ours(path: Path) -> bool:
    """The same of a file of ours that may be cut off, which only its first bytes tell."""
    return is_ours(path) or path.read_bytes().startswith(BEGIN)


def _spec_of(content: dict[str, Any]) -> TrainSpec:
    """The spec of a run, taken out of the content of its file."""
    return _spec(content.pop("spec") if "spec" in content else _flat_spec(content))


def _spec(content: dict[str, Any]) -> TrainSpec:
    first, unscaled = content.get("first"), content.get("unscaled", {})
    settings = content.get("settings", {})
    nested = {
        "settings": {name: _RENAMED.get((name, value), value) for name, value in settings.items()},
        "recipe": recipe_of(content["recipe"]),
        "unscaled": {name: tuple(value) if isinstance(value, list) else value for name, value in unscaled.items()},
        "first": _spec(first) if first else None,
        "arithmetic": arithmetic_of(content.get("arithmetic", {})),
    }
    return TrainSpec(**{**content, **nested})


def _flat_spec(content: dict[str, Any]) -> dict[str, Any]:
    """The spec of a run in a file of schema 1, where its fields stand among the others. Such a file tells of a first stage
    what differs from the run."""
    spec = {name: content.pop(name) for name in _SPEC if name in content}
    first = spec.get("first")
    spec["arithmetic"] = {name: content.pop(name) for name in _ARITHMETIC if name in content}
    if first:
        unscaled = {name: value for name, value in spec.get("unscaled", {}).items() if not name.startswith("stage2_")}
        shared = {name: value for name, value in spec.items() if name not in ("prediction", "unscaled", "arithmetic")}
        arithmetic = {name: first.pop(name) for name in _ARITHMETIC if name in first}
        spec["first"] = {**shared, **first, "first": None, "unscaled": unscaled, "arithmetic": arithmetic}
    return spec


def write_json(path: Path, kind: str, content: dict[str, Any]) -> None:
    """Write a dictionary as sealed JSON in one step, and with it the schema number of its kind."""
    write_bytes(path, sealed(kind, content))


@contextmanager
def _reading(path: Path | str, kind: str, what: str) -> Iterator[dict[str, Any]]:
    """The fields of a JSON file; `what` says what it should hold: and what to do where it does not."""
    words, _, remedy = what.partition(": ")
    try:
        yield unsealed(Path(path), kind)
    except FileNotFoundError:
        raise FileError(f"{path} does not exist: name the folder of a finished run") from None
    except KeyError as error:
        raise FileError(f"{path} is no {words} ({error} is missing): {remedy}") from None
    except (ValueError, TypeError, AttributeError, RecursionError, ArgumentError) as error:
        raise FileError(f"{path} is no {words} ({error}): {remedy}") from None
