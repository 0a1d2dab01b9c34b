"""Issues as cleanlab's Datalab has them: an `is_..._issue` and a `..._score` in [0, 1], of which 0 is the worst."""

from __future__ import annotations

import numpy as np

from lt_prune.formats.listed import Listed
from lt_prune.store.rows import as_csv
from lt_prune.types import Array


def written(listed: Listed) -> bytes:
    """A row for each sample of the set, in the order of the source: being removed is its issue.

    The score is 1 for what was kept and 0 for what was removed; where scores by the metric that ranked are given, it is the
    share of the samples that would go before this one.
    """
    index = listed.subset.index
    rank = _ranks(listed)
    return as_csv(
        [
            {
                "source_index": row["source_index"],
                "file": row.get("file"),
                "given_label": row["class"],
                "is_removed_issue": not row["kept"],
                "removed_score": float(rank[i]) if rank is not None else float(row["kept"]),
            }
            for i, row in zip(np.argsort(index.source_index), listed.table())
        ]
    )


def _ranks(listed: Listed) -> Array | None:
    """float64 (N,), in [0, 1]."""
    metric, n = str(listed.subset.options.get("metric")), listed.subset.index.n_samples
    if listed.scores is None or metric not in listed.scores.metrics:
        return None
    difficulty = listed.scores.metric(metric).difficulty
    first = difficulty if listed.subset.options.get("keep") != "easy" else -difficulty
    ranks = np.empty(n)
    ranks[np.argsort(first, kind="stable")] = np.arange(n) / max(1, n - 1)
    return ranks
