"""Scores -> a row for each sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lt_prune.given import known_keywords
from lt_prune.metrics import OF_TEST
from lt_prune.planning.paths import scores_of
from lt_prune.selections import highest_first
from lt_prune.store.output import put
from lt_prune.store.rows import as_csv
from lt_prune.types import SampleIndex, ScoreSet, hex_id


@known_keywords
def score_rows(
    scores: ScoreSet | Path | str, metric: str | None = None, *, csv: Path | str | None = None, overwrite: bool = False
) -> list[dict[str, Any]]:
    """Every sample with its score by one metric, the hardest first.

    Args:
        scores: scores, or their file.
        metric: one of those that are there; by default "avh", or the only one that was made elsewhere.
        csv: CSV file to write the rows to.
        overwrite: replace what `csv` holds.

    Returns:
        A row for each of the N samples: id (16 hexadecimal digits), file (its path below the source's root, None where the
        source has no files), source_index, label, class, mean and std over the members (None where scores made elsewhere
        are one a sample), and rank, 1 for the hardest. Of equal means the larger id is the harder, as when they are pruned.
        Of `near-duplicate` and `near-other` also nearest, the file of the sample that it is so near to by the member that
        finds them least alike, or its id where there are no files; of `near-test` that sample's place in the test set.

    Raises:
        ArgumentError: there are no scores by this metric.
        FileError: the file is damaged.
        MismatchError: `csv` holds something else.

    Example:
        >>> import lt_prune as lp
        >>> scores = lp.score("digits", members=1, epochs=1, model="resnet8")
        >>> rows = lp.score_rows(scores, csv="avh.csv")
        >>> len(rows), list(rows[0])
        (503, ['id', 'file', 'source_index', 'label', 'class', 'mean', 'std', 'rank'])
    """
    scores = scores_of(scores)
    metric = metric or scores.main
    index, chosen, spread = scores.index, scores.metric(metric), scores.spread(metric)
    hardest_first = highest_first(chosen.difficulty)
    rows = [
        {
            **index.told(i),
            "label": int(index.labels[i]),
            "class": index.class_names[index.labels[i]],
            "mean": float(chosen.mean[i]),
            "std": None if spread is None else float(spread[i]),
            "rank": rank,
            **({} if chosen.nearest is None else {"nearest": _nearest(index, metric, int(chosen.nearest[i]))}),
        }
        for rank, i in enumerate(hardest_first, 1)
    ]
    if csv:
        put({Path(csv): as_csv(rows)}, overwrite)
    return rows


def _nearest(index: SampleIndex, metric: str, row: int) -> str | int | None:
    """What tells the sample that another is near to."""
    if row < 0 or metric in OF_TEST:
        return None if row < 0 else row
    return index.file_names[row] if index.file_names else hex_id(index.ids[row])
