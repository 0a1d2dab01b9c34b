"""Scores -> how alike their metrics rank."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.figures.correlations import correlations_figure
from lt_prune.given import known_keywords
from lt_prune.measures import rank_correlations
from lt_prune.planning.commands import require_metrics
from lt_prune.planning.paths import scores_of
from lt_prune.store.pictures import write_picture
from lt_prune.types import ScoreSet


@known_keywords
def correlate(
    scores: ScoreSet | Path | str, *, out: Path | str | None = None, overwrite: bool = False
) -> list[dict[str, Any]]:
    """Spearman's rank correlation between the metrics of a score set, each the mean over its members, high being hard.

    Args:
        scores: scores, or their file.
        out: path without ending of a picture to draw, as PNG and PDF, and of the rows as CSV.
        overwrite: replace what is there.

    Returns:
        A row for each metric by name: "metric", and by the name of each metric the correlation with it, in [-1, 1]; None
        with one that gives all samples the same.

    Raises:
        ArgumentError: there are fewer than two metrics.
        FileError: the file is damaged.
        MismatchError: `out` holds something else.

    Example:
        >>> import lt_prune as lp
        >>> scores = lp.score("digits", members=1, epochs=1, model="resnet8")
        >>> rows = lp.correlate(scores)
        >>> [row["avh"] for row in rows if row["metric"] == "avh"]
        [1.0]
    """
    found = scores_of(scores)
    require_metrics(found, scores)
    names = sorted(found.metrics)
    values = rank_correlations(np.stack([found.metrics[name].difficulty for name in names]))
    rows = [
        {"metric": name, **{other: None if np.isnan(value) else float(value) for other, value in zip(names, row)}}
        for name, row in zip(names, values)
    ]
    if out is not None:
        title = f"{found.index.name}: how alike metrics rank {len(found.index.labels):,} samples"
        write_picture(out, partial(correlations_figure, title, names, values), rows, overwrite)
    return rows
