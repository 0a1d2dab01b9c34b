"""Many runs as a few rows: mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lt_prune.types import GROUPS, FailedRun, PlannedRun, Recipe, TrainResult

MEASURES = (*GROUPS, "overall", "balanced", "ece", "seconds")
KEY = ("name", "strategy", "metric", "keep", "within", "ratio", "method", "prediction")


def aggregate(runs: Iterable[PlannedRun]) -> list[dict[str, Any]]:
    """One row for all runs that differ in nothing but the seed.

    Args:
        runs: results, failures, and plans of which neither is known.

    Returns:
        Rows by name, method, strategy and ratio. Each tells what its runs are (`settings`: fields of their recipe in which
        rows differ), `n` results, `failed` and `missing`, `reasons` of failures, and MEASURE_mean and MEASURE_std
        of head, middle, tail, overall, balanced, ece (fractions) and seconds: the deviation is the sample's (ddof=1), None
        for a single result; both are None where there is no result.
    """
    groups: dict[tuple[Any, ...], list[PlannedRun]] = {}
    for run in runs:
        groups.setdefault((*(getattr(run, name) for name in KEY), run.data_digest, run.recipe), []).append(run)
    differing = _differing([same[0].recipe for same in groups.values()])
    return sorted((_row(same, differing) for same in groups.values()), key=_place)


def _row(runs: Sequence[PlannedRun], differing: Sequence[str]) -> dict[str, Any]:
    first = runs[0]
    results = [run for run in runs if isinstance(run, TrainResult)]
    failures = [run for run in runs if isinstance(run, FailedRun)]
    return {
        **{name: getattr(first, name) for name in KEY},
        "settings": " ".join(f"{name}={getattr(first.recipe, name)}" for name in differing),
        "n": len(results),
        "failed": len(failures),
        "missing": len(runs) - len(results) - len(failures),
        "reasons": [f"seed {run.seed}: {run.reason}" for run in failures],
        **{key: value for name in MEASURES for key, value in _spread(name, results).items()},
    }


def _spread(name: str, results: Sequence[TrainResult]) -> dict[str, float | None]:
    values = [result.seconds if name == "seconds" else getattr(result.evaluation, name) for result in results]
    known = [value for value in values if value is not None]
    return {
        f"{name}_mean": float(np.mean(known)) if known else None,
        f"{name}_std": float(np.std(known, ddof=1)) if len(known) > 1 else None,
    }


def _differing(recipes: Sequence[Recipe]) -> list[str]:
    """Names of the fields that are not the same in all."""
    fields = [asdict(recipe) for recipe in recipes]
    return [name for name in asdict(Recipe()) if len({recipe[name] for recipe in fields}) > 1]


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """The unpruned set first, then strategy by strategy in the order of the alphabet, ratio by ratio."""
    pruned = tuple(row[name] or "" for name in ("strategy", "metric", "keep", "within"))
    return row["name"], row["settings"], row["method"], row["prediction"], pruned, row["ratio"]
