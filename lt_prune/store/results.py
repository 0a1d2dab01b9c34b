"""Results of trained runs as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from lt_prune.errors import ArgumentError, FileError
from lt_prune.store.atomic import write_bytes
from lt_prune.types import Evaluation, Recipe, TrainResult

WEIGHTS = "model.pt"
RESULT = "result.json"
"""Names of the files in a run's folder."""


def write_result(path: Path, result: TrainResult) -> None:
    """Write a result as JSON."""
    write_bytes(path, (json.dumps(asdict(result), indent=1) + "\n").encode())


def read_result(path: Path | str) -> TrainResult:
    """Read a result.

    Raises:
        FileError: the file is missing or is no result.
    """
    try:
        fields = json.loads(Path(path).read_bytes())
        evaluation = fields.pop("evaluation")
        return TrainResult(
            recipe=Recipe(**fields.pop("recipe")),
            evaluation=Evaluation(**{**evaluation, "per_class": tuple(evaluation["per_class"])}),
            class_counts=tuple(fields.pop("class_counts")),
            loss=tuple(fields.pop("loss")),
            **fields,
        )
    except FileNotFoundError:
        raise FileError(f"{path} does not exist: name the folder of a finished run") from None
    except (ValueError, KeyError, TypeError, AttributeError, ArgumentError) as error:
        raise FileError(f"{path} is no result of a run ({error}): train it again with --overwrite") from None
