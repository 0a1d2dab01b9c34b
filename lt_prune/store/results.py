"""Results of trained runs, failures of others, and lists of planned ones, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lt_prune.errors import ArgumentError, FileError
from lt_prune.store.atomic import write_bytes
from lt_prune.types import Evaluation, FailedRun, FirstStage, PlannedRun, Recipe, TrainResult

WEIGHTS = "model.pt"
RESULT = "result.json"
FAILURE = "failure.json"
"""Names of the files in a run's folder."""
STAGE_ONE = "stage1"
"""Name of the folder in it where the run is that a second stage went out from."""


def write_result(path: Path, result: TrainResult) -> None:
    """Write a result as JSON."""
    write_json(path, asdict(result))


def read_result(path: Path | str) -> TrainResult:
    """Read a result.

    Raises:
        FileError: the file is missing or is no result.
    """
    with _reading(path, "result of a run: train it again with --overwrite") as fields:
        evaluation = fields.pop("evaluation")
        rows = {"per_class": tuple(evaluation["per_class"]), "confusion": tuple(map(tuple, evaluation["confusion"]))}
        return TrainResult(
            **_nested(fields),
            evaluation=Evaluation(**{**evaluation, **rows}),
            class_counts=tuple(fields.pop("class_counts")),
            loss=tuple(fields.pop("loss")),
            **fields,
        )


def write_failure(path: Path, failure: FailedRun) -> None:
    """Write why a run has no result, as JSON."""
    write_json(path, asdict(failure))


def read_failure(path: Path | str) -> FailedRun:
    """Read why a run has no result.

    Raises:
        FileError: the file is missing or is no failure.
    """
    with _reading(path, "failure of a run: remove it") as fields:
        return FailedRun(**_nested(fields), **fields)


def write_grid(path: Path, grid: Mapping[Path, PlannedRun]) -> None:
    """Write which runs are planned, by folder; the folders are named as seen from where the file is."""
    rows = [{"folder": str(folder.relative_to(path.parent)), **asdict(run)} for folder, run in grid.items()]
    write_json(path, {"runs": rows})


def read_grid(path: Path | str) -> dict[Path, PlannedRun]:
    """Read which runs are planned, by folder.

    Raises:
        FileError: the file is missing or lists no runs.
    """
    with _reading(path, "record of a sweep: run the sweep again, after removing it") as fields:
        folders = [Path(path).parent / row.pop("folder") for row in fields["runs"]]
        runs = [PlannedRun(**_nested(row), **row) for row in fields["runs"]]
        return dict(zip(folders, runs))


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a planned run that are objects themselves, taken out of the others."""
    first = fields.pop("first")
    unscaled = fields.pop("unscaled", {})
    return {
        "recipe": Recipe(**fields.pop("recipe")),
        "unscaled": {name: tuple(value) if isinstance(value, list) else value for name, value in unscaled.items()},
        "first": FirstStage(**{**first, "recipe": Recipe(**first["recipe"])}) if first else None,
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a dictionary as JSON in one step."""
    write_bytes(path, (json.dumps(content, indent=1) + "\n").encode())


@contextmanager
def _reading(path: Path | str, what: str) -> Iterator[dict[str, Any]]:
    """The fields of a JSON file; `what` says what it should hold: and what to do where it does not."""
    kind, _, remedy = what.partition(": ")
    try:
        yield json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise FileError(f"{path} does not exist: name the folder of a finished run") from None
    except (ValueError, KeyError, TypeError, AttributeError, ArgumentError) as error:
        raise FileError(f"{path} is no {kind} ({error}): {remedy}") from None
