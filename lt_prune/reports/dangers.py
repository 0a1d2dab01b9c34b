"""What may be wrong with a subset before anything is trained on it, in sentences; each threshold has its reason here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lt_prune.percent import percent
from lt_prune.reports.copies import copy_in_words
from lt_prune.types import Subset

FEWEST = 5
"""Samples of a class below which its accuracy is mostly chance: the rarest classes of ImageNet-LT have as many."""
HALVED = 0.5
"""Of the share of all samples that the tail has: below it the set is another one, more long-tailed by half."""
STEADY = 0.9
"""Rank correlation of two halves of an ensemble. At 0.9 one in seven of a kept half would be another sample by other
members: two normal variables are both above the median as often as Sheppard's 1/4 + arcsin(r) / 2 pi says."""


COPIES = {
    "in_test": "exact copies of test samples",
    "two_labels": "exact copies of one another under two labels",
    "near_test": "near-copies of test samples",
    "near_two_labels": "near-copies of a sample of another class",
}
"""What is wrong with a copy, in words."""


def subset_dangers(subset: Subset, copies: Mapping[str, Sequence[Any] | None]) -> list[str]:
    """Classes of too few samples, a tail whose share is halved, and leaks.

    Args:
        copies: samples kept, as `told_copies` has them, by what is wrong with them, a name of `COPIES`; None where that is
            not known.
    """
    return [*_small_classes(subset), *_halved_tail(subset), *_leaks(copies)]


def ranking_dangers(metric: str, members: int | None, stability: float | None) -> list[str]:
    """A ranking that other members would not repeat; `members` is None of scores made elsewhere and of published means."""
    if members is None:
        steady = stability is None or stability >= STEADY
        halves = f"two halves of its rows, made elsewhere, correlate by {stability:.2f}" if stability is not None else ""
        return [] if steady else [f"the ranking by {metric} is not steady: {halves}, below {STEADY:g}"]
    if members == 1:
        return [f"{metric} is by one member: nothing tells how far its ranking is chance; score by two or more"]
    if stability is None:
        return [f"{metric} ranks nothing: by a half of the {members} members all samples are alike"]
    if stability < STEADY:
        return [
            f"the ranking by {metric} is not steady: two halves of the {members} members correlate by {stability:.2f}, "
            f"below {STEADY:g}; score by more members, or for more epochs"
        ]
    return []


def _small_classes(subset: Subset) -> Iterator[str]:
    before, after = subset.index.counts, subset.kept_counts
    few = np.flatnonzero((after < FEWEST) & (before > 0))
    if few.size:
        least = few[np.argmin(after[few])]
        number = "1 class has" if few.size == 1 else f"{few.size} classes have"
        name = subset.index.class_names[least]
        yield f"{number} fewer than {FEWEST} samples left: class {name!r} has {after[least]:,} of {before[least]:,}"


def _halved_tail(subset: Subset) -> Iterator[str]:
    tail = subset.index.class_groups == 2
    before, after = (float(counts[tail].sum() / counts.sum()) for counts in (subset.index.counts, subset.kept_counts))
    if after <= HALVED * before and before:
        shares = f"{percent(after)} after the pruning, {percent(before)} before"
        yield f"the tail has half of its share of the samples, or less: {shares}"


def _leaks(copies: Mapping[str, Sequence[Any] | None]) -> Iterator[str]:
    for kind, what in COPIES.items():
        if found := copies.get(kind):
            yield f"{len(found):,} of the samples kept are {what}, such as {copy_in_words(found[0])}"
