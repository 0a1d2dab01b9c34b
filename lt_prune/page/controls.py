"""Prunings beside random ones: which row is a matched control of which other, and which rankings did worse than chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lt_prune.errors import LtPruneError
from lt_prune.percent import percent
from lt_prune.reports.aggregate import Row
from lt_prune.reports.costs import CONFIDENCE, Cost, costs
from lt_prune.reports.words import pruned_by, several
from lt_prune.runs import PlannedRun, TrainResult
from lt_prune.strategies.named import find_strategy
from lt_prune.types import SampleIndex

Pair = tuple[Row, Sequence[PlannedRun]]
"""A row, and the runs that it sums up."""
MEASURES = {"overall": "overall", "tail": "in the tail"}
"""What a pruning is compared by, and how that is said."""


def is_random(row: Row) -> bool:
    """Whether samples of a class were drawn at random."""
    if not row["strategy"]:
        return False
    plain = "+".join(part for part in row["strategy"].split("+") if "=" not in part)
    try:
        parts = find_strategy(plain)[0].parts(row["keep"] or "hard", row["within"] or "set")
    except LtPruneError:  # one of another package that is not here
        return False
    return bool(parts) and parts is not None and parts[1] == "random"


def matched_control(pair: Pair, pairs: Sequence[Pair]) -> Pair | None:
    """The matched control of a row that is not of random samples: random ones, as many of each class at each seed that both
    have a result of."""
    row, same = pair
    if not row["strategy"] or is_random(row):
        return None
    return next((other for other in pairs if is_random(other[0]) and _same_counts(same, other[1])), None)


def control_warnings(index: SampleIndex, pairs: Sequence[Pair]) -> list[str]:
    """Prunings chosen by scores that did worse than random samples, in sentences.

    Each is compared with its matched control, or where there is none with random pruning of the whole set at its ratio, over
    the seeds that both have a result of. It did worse, overall or in the tail, where the lower confidence bound of what it
    lost is above 0: mean - t s / sqrt(n) over the differences of n seeds, with s their standard deviation, at least one test
    sample, and t Student's quantile with n - 1 degrees of freedom, as in `lt_prune.reports.costs`. The doubt of 10% is
    shared by both measures (Bonferroni) and not by all prunings, so one in ten that are as good as random is named all the
    same. t / sqrt(n) is 4.46 with 2 seeds, 1.69 with 3 and 0.95 with 5: two seeds tell large differences alone. One seed has
    no deviation; where it lost more than one test sample, that is said with that one run each cannot tell.

    Args:
        index: of the set.
        pairs: of runs that differ in nothing but what pruned the set, its ratio and the seed.
    """
    return [warning for pair in pairs if pair[0]["metric"] for warning in _warnings(index, pair, pairs)]


def _warnings(index: SampleIndex, pair: Pair, pairs: Sequence[Pair]) -> Iterator[str]:
    row, same = pair
    if control := matched_control(pair, pairs):
        what = f"random samples, as many of each class ({pruned_by(control[0])})"
    elif control := _random_at(row["ratio"], pairs):
        what = "random pruning at the same ratio"
    if control and (lost := dict(_worse(index, same, control[1]))):
        yield f"{pruned_by(row)}, {percent(row['ratio'])} removed, did worse than {what}, {_in_words(lost)}"


def _same_counts(runs: Sequence[PlannedRun], others: Sequence[PlannedRun]) -> bool:
    """Whether there are as many of each class; where no seed is in both, at all of their seeds."""
    one, two = ({seed: run.class_counts for seed, run in _by_seed(each).items()} for each in (runs, others))
    if shared := one.keys() & two.keys():
        return all(one[seed] == two[seed] for seed in shared)
    return bool(one) and set(one.values()) == set(two.values())


def _random_at(ratio: float, pairs: Sequence[Pair]) -> Pair | None:
    return next((pair for pair in pairs if pair[0]["strategy"] == "random" and pair[0]["ratio"] == ratio), None)


def _in_words(lost: Mapping[str, Cost]) -> str:
    by = " and ".join(
        f"by {cost.mean:.1f} points {MEASURES[name]} ({percent(cost.accuracy / 100)} against "
        f"{percent((cost.accuracy + cost.mean) / 100)})"
        for name, cost in lost.items()
    )
    n = next(iter(lost.values())).n
    if n == 1:
        return f"{by}; one run each cannot tell whether that is chance: train with more seeds"
    return (
        f"{by}; means over {several(n, 'seed')}, and more than their spread explains at {percent(CONFIDENCE, 0)} confidence"
    )


def _worse(index: SampleIndex, runs: Sequence[PlannedRun], others: Sequence[PlannedRun]) -> Iterator[tuple[str, Cost]]:
    """What was lost against others by each measure, where that is more than chance explains, or of one seed more than a test
    sample."""
    ours, theirs = _by_seed(runs), _by_seed(others)
    seeds = sorted(ours.keys() & theirs.keys())
    for name in MEASURES if seeds else ():
        pruned, whole = ([getattr(each[seed].evaluation, name) for seed in seeds] for each in (ours, theirs))
        if None in (*pruned, *whole):
            continue
        one, two, step = 100 * np.array(pruned), 100 * np.array(whole), 100 / _tested(index, ours[seeds[0]], name)
        [gained] = costs({0.0: (two, one)}, (1 - CONFIDENCE) / len(MEASURES), step)
        [lost] = costs({0.0: (one, two)}, (1 - CONFIDENCE) / len(MEASURES), step)
        if lost.mean > step if gained.at_most is None else gained.at_most < 0:
            yield name, lost


def _by_seed(runs: Sequence[PlannedRun]) -> Mapping[int, TrainResult]:
    return {run.seed: run for run in runs if isinstance(run, TrainResult)}


def _tested(index: SampleIndex, result: TrainResult, name: str) -> int:
    """Test samples, of all classes or of the tail."""
    if name == "overall":
        return result.evaluation.n_test
    confusion: Any = result.evaluation.confusion
    return int(np.asarray(confusion)[index.class_groups == 2].sum())
