"""Which samples a page shows, where there are more than it can hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lt_prune.data.identity import mix
from lt_prune.types import Array, SampleIndex

MOST = 13_000
"""Samples that a page shows: all 12,406 of CIFAR-10-LT at 100, with pictures below 8 MB."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Samples that a page shows."""

    rows: Array
    """int64, ascending by class and then by row."""
    said: str
    """What was left out and how, in a sentence; "" where all are there."""


def shown_rows(index: SampleIndex, difficulty: Array | None, kept: Array | None, most: int = MOST) -> Shown:
    """All samples class by class, or so many of each class that at most `most` are left.

    Args:
        difficulty: float (N,), higher is harder; None where there are no scores.
        kept: bool (N,), of the first subset; None where there is none.
    """
    by_class = np.argsort(index.labels, kind="stable")
    if index.n_samples <= most:
        return Shown(by_class, "")
    quota = _quota(index.counts, most)
    groups = np.split(by_class, np.cumsum(index.counts)[:-1])
    rows = [_of_class(index, group, quota, difficulty, kept) for group in groups]
    found = np.concatenate(rows)
    ends = _words(difficulty, kept)
    by = f" {ends}, and the rest drawn by their ids" if ends else " drawn by their ids"
    return Shown(
        found,
        f"{len(found):,} of {index.n_samples:,} samples are shown here, up to {quota:,} of each class:{by}. Counts, "
        f"distributions and correlations are of all.",
    )


def _quota(counts: Array, most: int) -> int:
    """The largest number of each class of which all together are at most `most`, and at least one of each."""
    low, high = 1, int(counts.max())
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(counts, middle).sum() <= most else (low, middle - 1)
    return low


def _words(difficulty: Array | None, kept: Array | None) -> str:
    part = f"a {('fifth' if kept is not None else 'third')} each"
    ends = f"{part} the hardest and the easiest" if difficulty is not None else ""
    if kept is None:
        return ends
    return f"{ends} of those kept and of those removed" if ends else f"{part} of those kept and of those removed"


def _of_class(index: SampleIndex, rows: Array, quota: int, difficulty: Array | None, kept: Array | None) -> Array:
    """Rows of a class, ascending: of what is kept and of what is removed the hardest and the easiest, a fifth of the quota
    each, and others drawn by their ids; where there is no subset, a third each."""
    if len(rows) <= quota:
        return rows
    drawn = rows[np.argsort(mix(index.ids[rows], 0), kind="stable")]
    parts = [rows[kept[rows]], rows[~kept[rows]]] if kept is not None else [rows]
    share, chosen = quota // (2 * len(parts) + 1), list[Array]()
    for part in parts:
        ranked = part if difficulty is None else part[np.argsort(difficulty[part], kind="stable")]
        chosen += [ranked[:share], ranked[::-1][:share]] if difficulty is not None else [drawn[np.isin(drawn, part)][:share]]
    first = np.unique(np.concatenate(chosen))
    others = drawn[~np.isin(drawn, first)][: quota - len(first)]
    return np.sort(np.concatenate([first, others]))
