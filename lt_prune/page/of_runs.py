"""Runs: rows of means over seeds, and what each class has of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lt_prune.figures.curves import SEPARATE
from lt_prune.page.controls import Pair, control_warnings, is_random, matched_control
from lt_prune.reports.aggregate import MEASURES, Row, rows_and_runs
from lt_prune.reports.words import pruned_by, ranked_by
from lt_prune.runs import Calibration, PlannedRun, TrainResult
from lt_prune.types import SampleIndex

CELLS = 30
"""Classes up to which a confusion matrix is shown whole; of more, the pairs that are confused most."""
PAIRS = 40


def runs_told(index: SampleIndex, runs: Iterable[PlannedRun]) -> list[dict[str, Any]]:
    """Families of runs, which differ in nothing but what pruned the set, its ratio and the seed: each with its rows, the
    unpruned one first, where there is one.

    Args:
        runs: results, failures and plans, all on the samples of the index.
    """
    return [_told(index, key, pairs) for key, pairs in _families(runs).items()]


def runs_warned(index: SampleIndex, runs: Iterable[PlannedRun]) -> list[str]:
    """Rankings that did worse than random samples, see `controls.control_warnings`; of several families each is named."""
    families = _families(runs)
    return [
        f"{_title(key)}: {warning}" if len(families) > 1 else warning
        for key, pairs in families.items()
        for warning in control_warnings(index, pairs)
    ]


def _families(runs: Iterable[PlannedRun]) -> dict[tuple[Any, ...], list[Pair]]:
    """Rows with their runs by what they share, the unpruned one first; last in a key is what they have as many of as that
    one."""
    families: dict[tuple[Any, ...], list[Pair]] = {}
    pairs = rows_and_runs(runs)
    for row, same in pairs:
        if row["strategy"]:
            families.setdefault(_family(row), []).append((row, same))
    whole = {_family({**row, "equal": None})[:-1]: (row, same) for row, same in pairs if not row["strategy"]}
    alone = [key for key in whole if not any(key == known[:-1] for known in families)]
    families |= {(*key, None): [] for key in alone}
    return {key: [*([whole[key[:-1]]] if key[:-1] in whole else []), *pruned] for key, pruned in families.items()}


def _family(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a row shares with those of its family."""
    return tuple(row[name] for name in SEPARATE)


def _told(index: SampleIndex, key: Sequence[Any], pairs: Sequence[Pair]) -> dict[str, Any]:
    rows = [_row(index, row, same) for row, same in pairs]
    seconds = next((row["seconds_mean"] for row, _ in pairs if not row["strategy"]), None)
    for row, pair in zip(rows, pairs):
        control = matched_control(pair, pairs)
        row["control"] = pruned_by(control[0]) if control else None
        row["saved"] = None if not seconds or row["seconds_mean"] is None else 1 - row["seconds_mean"] / seconds
    return {"title": _title(key), "equal": key[-1], "rows": rows}


def _title(key: Sequence[Any]) -> str:
    _, method, prediction, settings, equal = key
    words = [method, f"{prediction} prediction", settings, f"at equal {equal}" if equal else ""]
    return ", ".join(word for word in words if word)


def _row(index: SampleIndex, row: Row, same: Sequence[PlannedRun]) -> dict[str, Any]:
    results = [run for run in same if isinstance(run, TrainResult)]
    measures = {f"{name}_{what}": row[f"{name}_{what}"] for name in MEASURES for what in ("mean", "std")}
    return {
        "label": pruned_by(row),
        "ranked_by": ranked_by(row),
        "ratio": row["ratio"],
        "n": row["n"],
        "failed": row["failed"],
        "missing": row["missing"],
        "reasons": row["reasons"],
        "epochs": row["epochs"],
        "stage2_epochs": row["stage2_epochs"],
        "seeds": sorted(run.seed for run in results),
        "random": is_random(row),
        "n_train": sorted({result.n_train for result in results}),
        **measures,
        "per_class": _class_means([result.evaluation.per_class for result in results], index.n_classes),
        "confusion": _confusion(index, results),
        "calibration": _calibration([result.evaluation.calibration for result in results]),
        "without_bins": sum(result.evaluation.calibration is None for result in results),
    }


def _class_means(accuracies: Sequence[Sequence[float | None]], n_classes: int) -> list[float | None]:
    """Mean accuracy on each class over runs; None where there is no test sample, or no run."""
    known = [[run[c] for run in accuracies if run[c] is not None] for c in range(n_classes)]
    return [round(float(np.mean(np.array(each, dtype=np.float64))), 6) if each else None for each in known]


def _calibration(every: Sequence[Calibration | None]) -> dict[str, Any] | None:
    """Test samples of all runs together by confidence: how many there are in each bin, how many are right, and their mean
    confidence, None of an empty bin. None where a result has no bins, or there is no result."""
    known = [bins for bins in every if bins is not None]
    if not known or len(known) < len(every):
        return None
    count, right = (np.sum([getattr(bins, name) for bins in known], axis=0) for name in ("count", "right"))
    sums = np.sum([np.array(bins.count) * np.array([each or 0 for each in bins.confidence]) for bins in known], axis=0)
    confidence = [round(float(total / n), 6) if n else None for total, n in zip(sums, count)]
    return {"count": count.tolist(), "right": right.tolist(), "confidence": confidence}


def _confusion(index: SampleIndex, results: Sequence[TrainResult]) -> dict[str, Any] | None:
    """Test samples by true and predicted class, summed over runs: all cells above 0 of few classes, else the largest off the
    diagonal."""
    if not results:
        return None
    summed = np.sum([np.asarray(result.evaluation.confusion) for result in results], axis=0)
    whole = index.n_classes <= CELLS
    shown = summed if whole else summed - np.diag(np.diag(summed))
    true, predicted = np.nonzero(shown)
    order = np.argsort(-shown[true, predicted], kind="stable")[: None if whole else PAIRS]
    cells = [[int(t), int(p), int(shown[t, p])] for t, p in zip(true[order], predicted[order])]
    return {"whole": whole, "cells": cells, "totals": summed.sum(axis=1).tolist()}
