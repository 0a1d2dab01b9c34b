"""Many runs as a few rows: mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lt_prune.types import GROUPS, FailedRun, PlannedRun, TrainResult

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
        key = (*(getattr(run, name) for name in KEY), run.data_digest, tuple(every_setting(run).items()))
        groups.setdefault(key, []).append(run)
    by_method: dict[str, list[dict[str, Any]]] = {}
    for same in groups.values():
        by_method.setdefault(same[0].method, []).append(every_setting(same[0]))
    differing = {method: _differing(settings) for method, settings in by_method.items()}
    return sorted((_row(same, differing[same[0].method]) for same in groups.values()), key=_place)


def every_setting(run: PlannedRun) -> dict[str, Any]:
    """What a run was trained with, by the names that `lt_prune.train` takes."""
    second = asdict(run.recipe)
    if run.first is None:
        return {**second, **run.settings}
    first = {**asdict(run.first.recipe), **run.first.settings, "first": run.first.method}
    return {**first, **{f"stage2_{name}": value for name, value in second.items()}, **run.settings}


def _row(runs: Sequence[PlannedRun], differing: Sequence[str]) -> dict[str, Any]:
    first = runs[0]
    results = [run for run in runs if isinstance(run, TrainResult)]
    failures = [run for run in runs if isinstance(run, FailedRun)]
    return {
        **{name: getattr(first, name) for name in KEY},
        "settings": " ".join(f"{name}={every_setting(first).get(name)}" for name in differing),
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


def _differing(settings: Sequence[dict[str, Any]]) -> list[str]:
    """Names of those that are not the same in all."""
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if len({each.get(name) for each in settings}) > 1]


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """The unpruned set first, then strategy by strategy in the order of the alphabet, ratio by ratio."""
    pruned = tuple(row[name] or "" for name in ("strategy", "metric", "keep", "within"))
    return row["name"], row["settings"], row["method"], row["prediction"], pruned, row["ratio"]
