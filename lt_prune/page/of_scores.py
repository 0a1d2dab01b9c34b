"""Scores: how they lie in classes and groups, how far members agree, and how alike metrics rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lt_prune.measures import rank_correlations, rank_stability
from lt_prune.types import GROUPS, Array, MetricScores, SampleIndex

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 40


def scores_told(index: SampleIndex, metrics: Mapping[str, MetricScores], unknown: Mapping[str, bool]) -> dict[str, Any]:
    """Of each metric its distribution by class and group and how steady it is, and the rank correlations of all pairs.

    Args:
        metrics: by name, of the samples of the index.
        unknown: of each, whether nothing is known of how far members agree.
    """
    return {
        "metrics": [_metric(index, name, each, unknown[name]) for name, each in metrics.items()],
        "correlations": _correlations(metrics),
        "quantiles": QUANTILES,
    }


def _metric(index: SampleIndex, name: str, scores: MetricScores, unknown: bool) -> dict[str, Any]:
    mean = scores.mean.astype(np.float64)
    low, high = float(mean.min()), float(mean.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    return {
        "name": name,
        "higher_is_harder": scores.higher_is_harder,
        "equation": scores.equation,
        "members": len(scores.per_member),
        "stability": None if unknown else rank_stability(scores.per_member),
        "each": [] if unknown else _each_with_others(scores.per_member),
        "std": None if unknown else float(scores.std.mean()),
        "range": [low, high],
        "edges": _rounded(edges),
        "groups": {
            group: np.histogram(mean[index.class_groups[index.labels] == g], edges)[0].tolist()
            for g, group in enumerate(GROUPS)
        },
        "classes": [_rounded(np.quantile(mean[own], QUANTILES)) if own.any() else None for own in _classes(index)],
    }


def _classes(index: SampleIndex) -> list[Array]:
    """bool (N,) for each class, in the order of labels."""
    return [index.labels == c for c in range(index.n_classes)]


def _each_with_others(per_member: Array) -> list[float | None]:
    """Spearman's correlation of each member with the mean of the others; none of one member."""
    k = len(per_member)
    if k < 2:
        return []
    total = per_member.sum(axis=0, dtype=np.float64)
    found = [rank_correlations(np.stack([each, (total - each) / (k - 1)]))[0, 1] for each in per_member.astype(np.float64)]
    return [None if np.isnan(each) else float(each) for each in found]


def _correlations(metrics: Mapping[str, MetricScores]) -> list[list[float | None]]:
    """Spearman's of the difficulties, (K, K); None with a metric that gives all samples the same."""
    if not metrics:
        return []
    found = rank_correlations(np.stack([each.difficulty for each in metrics.values()]))
    return [[None if np.isnan(value) else round(float(value), 4) for value in row] for row in found]


def _rounded(values: Array) -> list[float]:
    """To six digits, which is more than a picture shows."""
    return [float(f"{value:.6g}") for value in values]
