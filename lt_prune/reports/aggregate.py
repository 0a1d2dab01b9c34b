"""Many runs as a few rows: mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lt_prune.runs import FailedRun, PlannedRun, TrainResult
from lt_prune.types import GROUPS

MEASURES = (*GROUPS, "overall", "balanced", "ece", "seconds")
Row = dict[str, Any]
"""Runs that differ in nothing but the seed; `aggregate` says what it holds."""
KEY = ("name", "strategy", "metric", "keep", "within", "ratio", "method", "prediction", "equal")


def aggregate(runs: Iterable[PlannedRun]) -> list[Row]:
    """One row for all runs that differ in nothing but the seed.

    Args:
        runs: results, failures, and plans of which neither is known.

    Returns:
        Rows by name, method, strategy and ratio. Each tells what its runs are: `equal`, what they have as many of as the
        unpruned ones, None for these; `epochs` and `stage2_epochs` of the unpruned ones, None where there is no such stage;
        `settings`, the fields of their recipe in which rows differ; `ensembles`, how many ranked them, 0 where they are not
        ranked and None where old files do not say. Then `n` results, `failed` and `missing`, `reasons` of failures, and
        MEASURE_mean and MEASURE_std of head, middle, tail, overall, balanced, ece (fractions) and seconds: the deviation is
        the sample's (ddof=1), None for a single result; both are None where there is no result.
    """
    return [row for row, _ in rows_and_runs(runs)]


def rows_and_runs(runs: Iterable[PlannedRun]) -> list[tuple[Row, list[PlannedRun]]]:
    """The rows of `aggregate`, each with the runs that it sums up."""
    groups: dict[tuple[Any, ...], list[PlannedRun]] = {}
    for run in runs:
        key = (*(getattr(run.spec, name) for name in KEY), run.spec.data_digest, tuple(every_setting(run).items()))
        groups.setdefault(key, []).append(run)
    apart = [same for runs in groups.values() for same in _by_ensemble(runs)]
    by_method: dict[str, list[dict[str, Any]]] = {}
    for same in apart:
        by_method.setdefault(same[0].method, []).append(every_setting(same[0]))
    differing = {method: _differing(settings) for method, settings in by_method.items()}
    found = [(_row(same, differing[same[0].method]), same) for same in apart]
    return sorted(found, key=lambda pair: _place(pair[0]))


def _by_ensemble(runs: Sequence[PlannedRun]) -> list[list[PlannedRun]]:
    """Runs that one ensemble has ranked for several seeds, and those that each have the ensemble of their own seed.

    The run whose own seed is that of the one ensemble is among both.
    """
    shared = dict.fromkeys(run.spec.ensemble for run in runs if run.spec.ensemble != run.seed)
    own = [run for run in runs if run.spec.ensemble == run.seed]
    found = [[run for run in runs if run.spec.ensemble == ensemble] for ensemble in shared]
    return [*found, own] if any(run.spec.ensemble not in shared for run in own) else found


def each_run(runs: Iterable[PlannedRun]) -> list[Row]:
    """One row for each run, in the order of the rows of `aggregate` and then of seeds.

    Returns:
        What `aggregate` says that a row's runs are, the `seed` and the `ensemble` that ranked it; then `reason` where it
        failed, and the measures, fractions and seconds, None where there is no result.
    """
    found: dict[int, Row] = {}  # by run, as one may be in two of the rows
    for row, same in rows_and_runs(runs):
        what = {name: row[name] for name in (*KEY, "epochs", "stage2_epochs", "settings")}
        for run in sorted(same, key=lambda each: each.seed):
            found.setdefault(id(run), what | _of_run(run))
    return list(found.values())


def _of_run(run: PlannedRun) -> Row:
    values = {name: _measure(run, name) if isinstance(run, TrainResult) else None for name in MEASURES}
    reason = run.reason if isinstance(run, FailedRun) else None
    return {"seed": run.seed, "ensemble": run.spec.ensemble, "reason": reason} | values


def every_setting(run: PlannedRun) -> dict[str, Any]:
    """What a run was trained with, by the names that `lt_prune.train` takes; at equal steps, before they were scaled.

    And how it was computed, as each precision rounds otherwise.
    """
    spec, last = run.spec, asdict(run.spec.recipe)
    preset = {"recipe": last.pop("preset")}
    shared = dict(spec.settings) | dict(spec.unscaled) | {"computed": str(spec.arithmetic)}
    if spec.first is None:
        return preset | last | shared
    first = asdict(spec.first.recipe) | dict(spec.first.settings) | {"first": spec.first.method}
    del first["preset"]  # the second stage has it of the first
    return preset | first | {f"stage2_{name}": value for name, value in last.items()} | shared


def _row(runs: Sequence[PlannedRun], differing: Sequence[str]) -> Row:
    first, settings = runs[0].spec, every_setting(runs[0])
    ensembles = {run.spec.ensemble for run in runs}
    results = [run for run in runs if isinstance(run, TrainResult)]
    failures = [run for run in runs if isinstance(run, FailedRun)]
    return (
        {name: getattr(first, name) for name in KEY}
        | {
            "equal": first.equal if first.strategy else None,
            "epochs": settings["epochs"],
            "stage2_epochs": settings.get("stage2_epochs"),
            "settings": " ".join(f"{name}={settings.get(name)}" for name in differing),
            "ensembles": (None if None in ensembles else len(ensembles)) if first.metric else 0,
            "n": len(results),
            "failed": len(failures),
            "missing": len(runs) - len(results) - len(failures),
            "reasons": [f"seed {run.seed}: {run.reason}" for run in failures],
        }
        | {key: value for name in MEASURES for key, value in _mean_and_std(name, results).items()}
    )


def _mean_and_std(name: str, results: Sequence[TrainResult]) -> dict[str, float | None]:
    known = [value for result in results if (value := _measure(result, name)) is not None]
    return {
        f"{name}_mean": float(np.mean(known)) if known else None,
        f"{name}_std": float(np.std(known, ddof=1)) if len(known) > 1 else None,
    }


def _measure(result: TrainResult, name: str) -> float | None:
    return result.seconds if name == "seconds" else getattr(result.evaluation, name)


def _differing(settings: Sequence[dict[str, Any]]) -> list[str]:
    """Names of those that are not the same in all."""
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if len({each.get(name) for each in settings}) > 1]


def _place(row: Row) -> tuple[Any, ...]:
    """The unpruned set first, then strategy by strategy in the order of the alphabet, ratio by ratio."""
    pruned = tuple(row[name] or "" for name in ("strategy", "metric", "keep", "within"))
    return row["name"], row["settings"], row["method"], row["prediction"], row["equal"] or "", pruned, row["ratio"]
