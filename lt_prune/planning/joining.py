"""Scores and subsets joined to the data that they are used with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lt_prune.choices import MATCH
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.metrics import OF_TEST
from lt_prune.types import Array, MetricScores, SampleIndex, ScoreSet, Subset


def joined_scores(scores: ScoreSet, index: SampleIndex, what: str, match: str = "ids") -> ScoreSet:
    """Scores of the samples of `index`, in its order.

    Args:
        what: names the scores in messages.
        match: "ids", and the samples must be the same; or "names", and file names and labels must be.

    Raises:
        ArgumentError: there is no such match.
        MismatchError: they are of other samples.
    """
    if (rows := joined_rows(index, scores.index, what, match)) is None:
        return scores
    return replace(scores, index=index, metrics={name: _moved(name, each, rows) for name, each in scores.metrics.items()})


def _moved(name: str, metric: MetricScores, rows: Array) -> MetricScores:
    """Scores of the samples at these rows, in this order, and which others they are of by their new rows."""
    nearest = metric.nearest
    if nearest is not None:
        nearest = nearest[rows] if name in OF_TEST else np.append(np.argsort(rows), -1)[nearest[rows]].astype(np.int32)
    lowest = None if metric.lowest is None else metric.lowest[rows]
    return replace(metric, per_member=metric.per_member[:, rows], nearest=nearest, lowest=lowest)


def joined_subset(subset: Subset, index: SampleIndex, what: str, match: str = "ids") -> Subset:
    """A subset of the samples of `index`, in its order; arguments and errors are those of `joined_scores`."""
    rows = joined_rows(index, subset.index, what, match)
    return subset if rows is None else replace(subset, index=index, kept=subset.kept[rows])


def check_match(match: str) -> None:
    """Refuse a way to match that there is not.

    Raises:
        ArgumentError: it is none of the choices.
    """
    if match not in MATCH:
        raise ArgumentError(f"match must be {' or '.join(MATCH)}, not {match!r}")


def joined_rows(index: SampleIndex, other: SampleIndex, what: str, match: str) -> Array | None:
    """int64 (N,): the row in `other` of each sample of `index`; None where the two have the same rows. Arguments and errors
    are those of `joined_scores`."""
    check_match(match)
    if match == "ids":
        index.require_same(other, what, by_names=", or join the two by --match names")
        return None
    if not index.by_file or not other.by_file:
        without = index.name if not index.by_file else what
        raise ArgumentError(f"{without} has no file names to match by: leave out --match names")
    if index.by_file.keys() != other.by_file.keys():
        common = len(index.by_file.keys() & other.by_file.keys())
        remedy = "make it again from this data, or name the data it was made from"
        if index.built.get("holdout") and other.built.get("holdout"):  # by content, of which other pixels are another one
            remedy = "which images are held out to test on depends on their pixels: put those into test/, beside train/"
        raise MismatchError(
            f"{what} was made from other files: {common:,} of its {other.n_samples:,} file names and labels are among the "
            f"{index.n_samples:,} of {index.name}; {remedy}"
        )
    return np.array([other.by_file[key] for key in index.by_file], dtype=np.int64)
