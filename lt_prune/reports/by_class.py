"""Results class by class, from the largest class to the smallest: rows as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lt_prune.runs import Evaluation, TrainResult
from lt_prune.types import GROUPS, Array, SampleIndex, Subset


def classes_pruned(subset: Subset) -> list[dict[str, Any]]:
    """What a pruning left of each class: its name, group, and samples before, kept and removed."""
    before, kept = subset.index.counts.tolist(), subset.kept_counts.tolist()
    return [
        {**row, "before": before[c], "kept": kept[c], "removed": before[c] - kept[c]}
        for c, row in _classes(subset.index).items()
    ]


def classes_audited(subsets: Mapping[str, Subset], means: Mapping[str, Array]) -> list[dict[str, Any]]:
    """What several subsets of a set keep of each class, and its mean scores, None where it has no sample.

    Args:
        subsets: by what tells them apart, of the same samples.
        means: float (M,) by metric, not a number of a class without samples.
    """
    index = next(iter(subsets.values())).index
    return [
        {
            **row,
            "before": int(index.counts[c]),
            "kept": {name: int(subset.kept_counts[c]) for name, subset in subsets.items()},
            "mean": {name: float(each[c]) if index.counts[c] else None for name, each in means.items()},
        }
        for c, row in _classes(index).items()
    ]


def classes_tested(
    index: SampleIndex, class_counts: Sequence[int], evaluations: Mapping[str, Evaluation]
) -> list[dict[str, Any]]:
    """Test accuracy on each class, None where it has no test sample.

    Args:
        index: of the set.
        class_counts: samples of each class that were trained on.
        evaluations: by what tells them apart, such as the strength of ABS.
    """
    return [
        {**row, "count": class_counts[c], "accuracy": {name: each.per_class[c] for name, each in evaluations.items()}}
        for c, row in _classes(index).items()
    ]


def classes_compared(index: SampleIndex, results: Sequence[TrainResult]) -> list[dict[str, Any]]:
    """The same of several runs, with what each had of a class to train on."""
    named = {result.subset or "whole set": result for result in results}
    rows = classes_tested(index, index.counts.tolist(), {name: result.evaluation for name, result in named.items()})
    kept = [{name: result.class_counts[c] for name, result in named.items()} for c in _classes(index)]
    return [{**row, "kept": each} for row, each in zip(rows, kept)]


def _classes(index: SampleIndex) -> dict[int, dict[str, Any]]:
    """Name and group of each class by its index, the class with most samples in the set first."""
    return {
        c: {"class": index.class_names[c], "group": GROUPS[index.class_groups[c]]}
        for c in np.argsort(-index.counts, kind="stable").tolist()
    }
