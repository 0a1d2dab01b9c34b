"""Runs: rows of means over seeds, and what each class has of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lt_prune.errors import LtPruneError
from lt_prune.figures.curves import SEPARATE
from lt_prune.reports.aggregate import MEASURES, Row, rows_and_runs
from lt_prune.reports.words import pruned_by, ranked_by
from lt_prune.runs import PlannedRun, TrainResult
from lt_prune.strategies.named import find_strategy
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
    families: dict[tuple[Any, ...], list[tuple[Row, list[PlannedRun]]]] = {}
    pairs = rows_and_runs(runs)
    for row, same in pairs:
        if row["strategy"]:
            families.setdefault(_family(row), []).append((row, same))
    whole = {_family({**row, "equal": None}): (row, same) for row, same in pairs if not row["strategy"]}
    for key in whole:
        if not any(key[:-1] == known[:-1] for known in families):
            families[key] = []
    return [_told(index, key, whole.get((*key[:-1], None)), pruned) for key, pruned in families.items()]


def _family(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a row shares with those of its family; last, what they have as many of as the unpruned one."""
    return tuple(row[name] for name in SEPARATE)


def _told(
    index: SampleIndex,
    key: Sequence[Any],
    unpruned: tuple[Row, list[PlannedRun]] | None,
    pruned: Sequence[tuple[Row, list[PlannedRun]]],
) -> dict[str, Any]:
    rows = [_row(index, row, same) for row, same in ([unpruned] if unpruned else []) + list(pruned)]
    _name_controls(rows)
    seconds = rows[0]["seconds_mean"] if unpruned else None
    for row in rows:
        row["saved"] = None if not seconds or row["seconds_mean"] is None else 1 - row["seconds_mean"] / seconds
    _, method, prediction, settings, equal = key
    words = [method, f"{prediction} prediction", settings, f"at equal {equal}" if equal else ""]
    return {"title": ", ".join(word for word in words if word), "equal": equal, "rows": rows}


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
        "random": _is_random(row),
        "counts": sorted({result.class_counts for result in results}),
        "n_train": sorted({result.n_train for result in results}),
        **measures,
        "per_class": _class_means([result.evaluation.per_class for result in results], index.n_classes),
        "confusion": _confusion(index, results),
    }


def _class_means(accuracies: Sequence[Sequence[float | None]], n_classes: int) -> list[float | None]:
    """Mean accuracy on each class over runs; None where there is no test sample, or no run."""
    known = [[run[c] for run in accuracies if run[c] is not None] for c in range(n_classes)]
    return [round(float(np.mean(np.array(each, dtype=np.float64))), 6) if each else None for each in known]


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


def _is_random(row: Row) -> bool:
    """Whether samples of a class were drawn at random."""
    if not row["strategy"]:
        return False
    plain = "+".join(part for part in row["strategy"].split("+") if "=" not in part)
    try:
        parts = find_strategy(plain)[0].parts(row["keep"] or "hard", row["within"] or "set")
    except LtPruneError:  # one of another package that is not here
        return False
    return bool(parts) and parts is not None and parts[1] == "random"


def _name_controls(rows: Sequence[dict[str, Any]]) -> None:
    """Say of each row that is not of random samples which other one is its matched control: random samples, as many of each
    class; and leave the class counts, which nothing else reads."""
    for row in rows:
        row["control"] = None
        if row["ratio"] and not row["random"] and row["counts"]:
            alike = (other["label"] for other in rows if other["random"] and other["counts"] == row["counts"])
            row["control"] = next(alike, None)
    for row in rows:
        del row["counts"]
