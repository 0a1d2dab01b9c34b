"""The set and what prunings leave of it: counts by class, and what they are as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lt_prune.measures import effective_classes
from lt_prune.reports.summary import imbalance_ratio
from lt_prune.types import GROUPS, Array, SampleIndex, Subset


def set_told(index: SampleIndex, subsets: Mapping[str, Subset]) -> dict[str, Any]:
    """Classes from the largest to the smallest with what each subset keeps of them, and a summary of the whole set and of
    each subset.

    Args:
        subsets: by name, of the samples of the index.
    """
    order = np.argsort(-index.counts, kind="stable")
    return {
        "name": index.name,
        "n_samples": index.n_samples,
        "classes": [
            {
                "label": int(c),
                "name": index.class_names[c],
                "group": GROUPS[index.class_groups[c]],
                "before": int(index.counts[c]),
                "kept": [int(subset.kept_counts[c]) for subset in subsets.values()],
            }
            for c in order
        ],
        "summaries": [
            _summary(index, "whole set", index.counts),
            *(_summary(index, name, subset.kept_counts) for name, subset in subsets.items()),
        ],
    }


def _summary(index: SampleIndex, name: str, counts: Array) -> dict[str, Any]:
    """What class counts (M,) are as a whole."""
    return {
        "name": name,
        "n_samples": int(counts.sum()),
        "removed": 1 - float(counts.sum() / index.n_samples),
        "imbalance": imbalance_ratio(counts),
        "effective": effective_classes(counts),
        "smallest": int(counts.min()),
        "groups": [
            {"group": group, "n_samples": int(counts[own].sum()), "before": int(index.counts[own].sum())}
            for g, group in enumerate(GROUPS)
            for own in [index.class_groups == g]
        ],
    }
