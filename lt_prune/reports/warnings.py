"""What a decision's owner may not want, in sentences; each threshold has its reason here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from lt_prune.percent import percent
from lt_prune.runs import TrainResult
from lt_prune.types import GROUPS, Array, SampleIndex, ScoreSet, Subset

LEARNED = 0.1
"""Of the way from always naming the largest class to being always right, what a member must have gone to have learned
anything: below it, what it finds hard is hardly more than which class is not the largest."""
FEW = 20
"""Samples of a class that has few, as few-shot classes are counted in long-tailed recognition (Liu et al., CVPR 2019)."""
NEARLY_HALF = 0.4
"""Of few samples, the share whose loss is told: a class of 20 that loses 9 is one of 11, and has no spare ones."""
NEARLY_GONE = 0.1
"""Of any class, the share that must be kept: with less, its accuracy mostly goes with it."""
ALIKE = 0.01
"""Shares that differ by no more are the same to whoever decides. Besides, a class may always lose one sample more than its
share, as samples are whole, and a group one more of each of its classes."""


def score_warnings(scores: ScoreSet) -> list[str]:
    """Members that have learned nothing, so that their scores rank by little more than chance."""
    share = float(scores.index.counts.max() / scores.index.n_samples)
    accuracies = scores.train_accuracy
    poor = accuracies[accuracies - share < LEARNED * (1 - share)]
    if not len(poor):
        return []
    return [
        f"{_of(len(poor), len(accuracies), 'member')} learned next to nothing: {_range(poor)} of the training samples are "
        f"right, and the largest class alone is {percent(share)} of them; score for more epochs before ranking by this"
    ]


def subset_warnings(subset: Subset) -> list[str]:
    """A tail that lost more than the head, tail classes that lost more than was asked, classes nearly gone or too small."""
    index, after = subset.index, subset.kept_counts
    found = _tail_against_head(index, after), _tail_classes(subset), _nearly_gone(index, after), _few_left(index, after)
    return list(chain(*found))


def comparison_warnings(results: Sequence[TrainResult]) -> list[str]:
    """Runs that learned too little to be compared, and rankings that random pruning beats."""
    evaluations = [result.evaluation for result in results]
    at_zero = [group for group in GROUPS if _all_zero(getattr(each, group) for each in evaluations)]
    return [*_too_short(at_zero), *_worse_than_random(results)]


def results_warnings(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Groups that no run of a set recognises; rows are those of `aggregate`."""
    found = []
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        at_zero = [group for group in GROUPS if _all_zero(row[f"{group}_mean"] for row in own)]
        found += [f"{name}: {warning}" for warning in _too_short(at_zero)]
    return found


def _tail_against_head(index: SampleIndex, after: Array) -> Iterator[str]:
    (head, _), (tail, rounded) = (_lost(index, after, group) for group in (0, 2))
    if rounded > head + ALIKE:
        yield f"the tail lost more than the head: {percent(tail)} of its samples against {percent(head)}"


def _lost(index: SampleIndex, after: Array, group: int) -> tuple[float, float]:
    """The share of its samples that a group lost, and what it would be with one sample more in each of its classes."""
    own = (index.class_groups == group) & (index.counts > 0)
    before = index.counts[own].sum()
    if not before:
        return 0.0, 0.0
    lost = before - after[own].sum()
    return float(lost / before), float((lost - own.sum()) / before)


def _tail_classes(subset: Subset) -> Iterator[str]:
    index, after = subset.index, subset.kept_counts
    before, lost = index.counts, index.counts - after
    beyond = (index.class_groups == 2) & (lost - 1 > (subset.ratio + ALIKE) * before)
    if beyond.any():
        worst = _worst(beyond, before, after)
        which = _of(beyond.sum(), (index.class_groups == 2).sum(), "tail class")
        yield (
            f"{which} lost a larger share than the {percent(subset.ratio)} asked for: class {index.class_names[worst]!r} "
            f"lost {lost[worst]:,} of {before[worst]:,}"
        )


def _nearly_gone(index: SampleIndex, after: Array) -> Iterator[str]:
    before = index.counts
    gone = (after < NEARLY_GONE * before) & (before > 1)
    if gone.any():
        worst = _worst(gone, before, after)
        yield (
            f"{gone.sum()} of {len(before)} classes keep less than a tenth of their samples: class "
            f"{index.class_names[worst]!r} keeps {after[worst]:,} of {before[worst]:,}"
        )


def _few_left(index: SampleIndex, after: Array) -> Iterator[str]:
    """One sample of two is not told: it is what keeping any of them leaves."""
    before = index.counts
    lost = before - after
    few = (before <= FEW) & (lost >= NEARLY_HALF * before) & (lost > 1) & (after >= NEARLY_GONE * before)
    if few.any():
        worst = _worst(few, before, after)
        which = _of(few.sum(), len(before), "class")
        yield (
            f"{which} have at most {FEW} samples and lose {percent(NEARLY_HALF, 0)} of them or more: class "
            f"{index.class_names[worst]!r} loses {lost[worst]:,} of {before[worst]:,}"
        )


def _worst(chosen: Array, before: Array, after: Array) -> int:
    """The one of the chosen classes that keeps the smallest share."""
    numbers = np.flatnonzero(chosen)
    return int(numbers[np.argmin(after[numbers] / before[numbers])])


def _all_zero(accuracies: Any) -> bool:
    """Whether something is known, and all of it is 0."""
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    return bool(known) and not any(known)


def _too_short(groups: Sequence[str]) -> list[str]:
    named = " and ".join(groups)
    return [f"{named} {'are' if len(groups) > 1 else 'is'} at 0% in every row: these runs are too short to compare"] * bool(
        groups
    )


def _worse_than_random(results: Sequence[TrainResult]) -> Iterator[str]:
    """Rankings below random pruning in balanced accuracy by more than one test sample explains."""
    at_random = next((result for result in results if result.strategy == "random"), None)
    for result in results if at_random else ():
        assert at_random
        ours, theirs = result.evaluation.balanced, at_random.evaluation.balanced
        if result.metric and theirs - ours > max(ALIKE, 1 / result.evaluation.n_test):
            yield (
                f"{result.subset} is worse than {at_random.subset} here: {percent(ours)} balanced accuracy against "
                f"{percent(theirs)}"
            )


def _of(number: int, total: int, noun: str) -> str:
    """For example "all 3 members" or "1 of 10 classes"."""
    if total == 1:
        return f"the {noun}"
    nouns = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"all {total} {nouns}" if number == total else f"{number} of {total} {nouns}"


def _range(shares: Array) -> str:
    low, high = shares.min(), shares.max()
    return percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
