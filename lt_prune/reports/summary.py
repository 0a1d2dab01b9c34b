"""Results as plain dictionaries: what `--json` prints and what the tables show."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lt_prune.runs import TrainResult
from lt_prune.types import GROUPS, Array, LongTailedSet, ScoreSet, Subset


def imbalance_ratio(counts: Array) -> float | None:
    """Largest class over smallest; None where a class is empty."""
    return float(counts.max() / counts.min()) if counts.min() else None


def summarise_set(data: LongTailedSet) -> dict[str, Any]:
    """Name, sizes and class counts of a set."""
    index = data.index
    return {
        "name": index.name,
        "source": index.source,
        "built": dict(index.built),
        "data_digest": index.digest,
        "n_samples": index.n_samples,
        "n_test": len(data.test_labels),
        "kind": data.kind,
        "shape": list(data.pixels.shape[1:]),
        "imbalance": imbalance_ratio(index.counts),
        "classes": [
            {"class": name, "count": int(count), "group": GROUPS[group]}
            for name, count, group in zip(index.class_names, index.counts, index.class_groups)
        ],
    }


def exported(subset: Subset) -> str:
    """In one line, how many samples a subset keeps and removes, and how many of their source it knows nothing of."""
    index = subset.index
    said = f"{subset.kept.sum():,} of {index.n_samples:,} training images are kept, {(~subset.kept).sum():,} removed"
    if not (others := index.source_size - index.n_samples):
        return said
    built = index.built
    why = {
        "held out to test on": built.get("holdout"),
        "cut": built.get("profile", "none") != "none",
        "broken": built.get("skipped"),
    }
    return f"{said}; {others:,} more of {index.source} are neither: {' or '.join(each for each, so in why.items() if so)}"


def summarise_scores(scores: ScoreSet, metric: str, extremes: int = 10) -> dict[str, Any]:
    """What a score file holds, with one metric in detail: class means, histogram, hardest and easiest samples."""
    index, chosen, spread = scores.index, scores.metric(metric), scores.spread(metric)
    n = min(extremes, index.n_samples)
    easiest_first = np.argsort(chosen.difficulty, kind="stable")
    heights, edges = _histogram(chosen.mean)
    return {
        "name": index.name,
        "n_samples": index.n_samples,
        "metrics": sorted(scores.metrics),
        **_made_by(scores),
        "metric": metric,
        "higher_is_harder": chosen.higher_is_harder,
        "equation": chosen.equation,
        "mean": float(chosen.mean.mean()),
        "std": None if spread is None else float(spread.mean()),
        "classes": [
            {
                "class": index.class_names[c],
                "group": GROUPS[index.class_groups[c]],
                "count": int(index.counts[c]),
                "mean": float(chosen.mean[index.labels == c].mean()) if index.counts[c] else None,
            }
            for c in range(index.n_classes)
        ],
        "histogram": {"edges": edges.tolist(), "counts": heights.tolist()},
        "hardest": [_sample(scores, metric, i) for i in easiest_first[::-1][:n]],
        "easiest": [_sample(scores, metric, i) for i in easiest_first[:n]],
    }


def _histogram(scores: Array) -> tuple[Array, Array]:
    """Heights of 20 bars, and their edges."""
    try:
        return np.histogram(scores, bins=20)
    except ValueError:  # so near to each other that no edges in float32 lie between them
        return np.histogram(scores.astype(np.float64), bins=20)


def _made_by(scores: ScoreSet) -> dict[str, Any]:
    """How scores were made: by which members, or that they were made elsewhere."""
    if scores.origin:
        return {"origin": asdict(scores.origin), "rows": max(len(each.per_member) for each in scores.metrics.values())}
    assert scores.recipe, "members have one"
    return {
        "members": len(scores.seeds),
        "recipe": {**asdict(scores.recipe), "milestones": list(scores.recipe.milestones)},  # JSON has no tuples
        "train_accuracy": scores.train_accuracy.tolist(),
        "seconds": float(scores.seconds.sum()),
        "arithmetic": list(map(str, scores.arithmetic)),
        "versions": dict(scores.versions),
        "folds": scores.held_out.folds if scores.held_out else None,
        **({"published": asdict(scores.published)} if scores.published else {}),
    }


def _sample(scores: ScoreSet, metric: str, i: int) -> dict[str, Any]:
    index, chosen, spread = scores.index, scores.metric(metric), scores.spread(metric)
    return {
        **{name: value for name, value in index.told(i).items() if value is not None},
        "class": index.class_names[index.labels[i]],
        "score": float(chosen.mean[i]),
        "std": None if spread is None else float(spread[i]),
    }


def summarise_subset(subset: Subset) -> dict[str, Any]:
    """Kept and removed samples by group and class, imbalance before and after."""
    index = subset.index
    before, after = index.counts, subset.kept_counts
    return {
        "name": index.name,
        "strategy": subset.strategy,
        "ratio_removed": subset.ratio,
        "options": dict(subset.options),
        "n_before": int(before.sum()),
        "n_kept": int(after.sum()),
        "n_removed": int(before.sum() - after.sum()),
        "imbalance_before": imbalance_ratio(before),
        "imbalance_after": imbalance_ratio(after),
        "groups": {
            group: {
                "classes": int((index.class_groups == g).sum()),
                "before": int(before[index.class_groups == g].sum()),
                "kept": int(after[index.class_groups == g].sum()),
            }
            for g, group in enumerate(GROUPS)
        },
        "classes": [
            {"class": name, "before": int(b), "kept": int(a)} for name, b, a in zip(index.class_names, before, after)
        ],
    }


def compare_results(results: tuple[TrainResult, ...]) -> list[dict[str, Any]]:
    """One row a result; the first is the baseline that training time and class counts are compared with.

    `min_class_retention` is the share that the class which lost most has kept.
    """
    rows = []
    whole = np.array(results[0].class_counts)
    for result in results:
        evaluation = result.evaluation
        rows.append(
            {
                "trained_on": result.subset or "whole set",
                "n_kept": result.n_train,
                "min_class_retention": float((np.array(result.class_counts) / whole).min()),
                **{name: getattr(evaluation, name) for name in (*GROUPS, "overall", "balanced", "ece")},
                "seconds": result.seconds,
                "time_saved": 1 - result.seconds / results[0].seconds,
            }
        )
    return rows
