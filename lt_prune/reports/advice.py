"""How much can be pruned: what the runs of a sweep say, and where they cannot, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lt_prune.errors import ArgumentError
from lt_prune.percent import percent
from lt_prune.reports.aggregate import every_setting
from lt_prune.reports.costs import CONFIDENCE, MOST_SEEDS, Cost, costs, n_within, seeds_needed
from lt_prune.reports.words import pruned_by, several
from lt_prune.runs import PlannedRun, TrainResult
from lt_prune.types import CONTROL

OVERALL = "overall"
_LINE = ("strategy", "metric", "keep", "within", "equal")
Seeds = dict[int, list[TrainResult]]
"""Runs by their seed: several where more than one ensemble has ranked for it."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one way to prune costs, and how far it may go."""

    pruned_by: str
    costs: Mapping[str, tuple[Cost, ...]]
    """By measure, ratio by ratio."""
    ratio: float | None
    """The largest of the tried ratios that is within the tolerance; None where the runs cannot say."""
    limit: str
    """What ends it there, or what is missing."""
    saved: float | None
    """The share of the unpruned run's training time that a run at that ratio spares; None where there is no ratio."""
    run: TrainResult | None = field(repr=False)
    """One at that ratio, of the first seed."""

    @property
    def lost(self) -> float:
        """Points that are lost overall at the ratio, in the mean; 0 where there is none."""
        return sum(cost.mean for cost in self.costs.get(OVERALL, ()) if cost.ratio == self.ratio)


@dataclass(frozen=True, kw_only=True)
class Advice:
    """How much can be pruned of one set, for one method."""

    trained: str
    """Which runs it is of, in words."""
    tolerance: float
    """Points that may be lost."""
    measures: tuple[str, ...]
    """In which: "overall", and a group where that was asked for."""
    unpruned: Mapping[str, tuple[float, float | None, int]]
    """By measure, accuracy of the unpruned runs in percent: mean, deviation, runs; empty where there are none."""
    lines: tuple[Line, ...]
    took: str = ""
    """What was planned and what it took, in words, where a sweep was run for it."""

    @property
    def best(self) -> Line | None:
        """The way that removes most, and of several loses least there; None where the runs cannot say for any."""
        known = [line for line in self.lines if line.ratio is not None]
        return max(known, key=lambda line: (line.ratio, -line.lost), default=None)


def advice_of(runs: Iterable[PlannedRun], tolerance: float, group: str | None) -> list[Advice]:
    """An advice for each set, method, prediction and recipe that has pruned runs.

    Args:
        runs: of which only results count.
        tolerance: points that may be lost.
        group: "head", "middle" or "tail", in which they may not be lost either.
    """
    apart: dict[tuple[Any, ...], list[TrainResult]] = {}
    for run in runs:
        if isinstance(run, TrainResult) and not (run.strategy or "").startswith(CONTROL):  # nobody would choose a control
            spec = run.spec
            key = spec.name, spec.method, spec.prediction, spec.data_digest, tuple(every_setting(run).items())
            apart.setdefault(key, []).append(run)
    measures = (OVERALL, *([group] if group else ()))
    return [_advice(same, tolerance, measures) for same in apart.values() if any(run.strategy for run in same)]


def _advice(runs: Sequence[TrainResult], tolerance: float, measures: tuple[str, ...]) -> Advice:
    whole = _by_seed(run for run in runs if not run.strategy)
    pruned: dict[tuple[Any, ...], list[TrainResult]] = {}
    for run in runs:
        if run.strategy:
            pruned.setdefault(tuple(getattr(run.spec, name) for name in _LINE), []).append(run)
    doubt = (1 - CONFIDENCE) / len(pruned)
    _require_tested(runs, measures)
    return Advice(
        trained=_trained(runs[0]),
        tolerance=tolerance,
        measures=measures,
        unpruned={measure: _mean_of(whole, measure) for measure in measures if whole},
        lines=tuple(_line(same, whole, tolerance, measures, doubt) for same in pruned.values()),
    )


def _require_tested(runs: Sequence[TrainResult], measures: Sequence[str]) -> None:
    for measure in measures:
        if any(getattr(run.evaluation, measure) is None for run in runs):
            raise ArgumentError(f"{runs[0].name} has no test samples of the {measure}: ask for another group, or for none")


def _trained(run: TrainResult) -> str:
    """For example "digits-lt10, ce by resnet8, 30 epochs, linear prediction"."""
    recipe = (run.spec.first or run.spec).recipe
    epochs = several(recipe.epochs, "epoch")
    return f"{run.name}, {run.method} by {recipe.model}, {epochs}, {run.spec.prediction} prediction"


def _by_seed(runs: Iterable[TrainResult]) -> Seeds:
    found: Seeds = {}
    for run in runs:
        found.setdefault(run.seed, []).append(run)
    return found


def _accuracy(runs: Sequence[TrainResult], measure: str) -> float:
    """In percent, of the runs of one seed."""
    return 100 * float(np.mean([getattr(run.evaluation, measure) for run in runs]))


def _mean_of(seeds: Seeds, measure: str) -> tuple[float, float | None, int]:
    values = [_accuracy(same, measure) for same in seeds.values()]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None, len(values)


def _line(runs: Sequence[TrainResult], whole: Seeds, tolerance: float, measures: Sequence[str], doubt: float) -> Line:
    by_ratio: dict[float, Seeds] = {}
    for tried in sorted({run.ratio for run in runs}):
        paired = [run for run in runs if run.ratio == tried and run.seed in whole]
        by_ratio |= {tried: _by_seed(paired)} if paired else {}
    step = 100 / runs[0].evaluation.n_test
    found = {each: costs(_pairs(by_ratio, whole, each), doubt, step) for each in measures} if by_ratio else {}
    idle = _unlearned(whole, measures, tolerance)
    n = n_within(list(found.values()), tolerance) if found and not idle else 0
    ratio = list(by_ratio)[n - 1] if n else None
    words = {name: getattr(runs[0].spec, name) for name in _LINE}
    at_steps = ", at equal steps" if words["equal"] == "steps" else ""
    return Line(
        pruned_by=f"{pruned_by(words)}{at_steps}",
        costs=found,
        ratio=ratio,
        limit=idle or _limit(found, n, tolerance, doubt),
        saved=None if ratio is None else _saved(by_ratio[ratio], whole),
        run=None if ratio is None else by_ratio[ratio][min(by_ratio[ratio])][0],
    )


def _unlearned(whole: Seeds, measures: Sequence[str], tolerance: float) -> str:
    """Whether unpruned runs are so poor that guessing loses no more than the tolerance: overall one in M is right by chance,
    in a group perhaps none."""
    for measure in measures if whole else ():
        mean, _, _ = _mean_of(whole, measure)
        [run, *_] = next(iter(whole.values()))
        if mean - (100 / len(run.class_counts) if measure == OVERALL else 0) <= tolerance:
            reached = f"{percent(mean / 100, 2)} {_in(measure)}"
            return f"missing: longer runs, as the unpruned ones reach {reached}, little more than chance"
    return ""


def _pairs(by_ratio: Mapping[float, Seeds], whole: Seeds, measure: str) -> dict[float, tuple[Any, Any]]:
    """Accuracies of pruned and unpruned runs, seed by seed."""
    return {
        ratio: (
            np.array([_accuracy(same, measure) for same in seeds.values()]),
            np.array([_accuracy(whole[seed], measure) for seed in seeds]),
        )
        for ratio, seeds in by_ratio.items()
    }


def _saved(pruned: Seeds, whole: Seeds) -> float:
    took, before = (
        sum(float(np.mean([run.seconds for run in seeds[seed]])) for seed in pruned) for seeds in (pruned, whole)
    )
    return 1 - took / before if before else 0.0


def _limit(found: Mapping[str, Sequence[Cost]], n: int, tolerance: float, doubt: float) -> str:
    """Why no more than the first n ratios are within the tolerance."""
    if not found:
        return "missing: unpruned runs of the same seeds"
    tried = found[OVERALL]
    if n == len(tried):
        return f"missing: ratios above {percent(tried[-1].ratio, 0)}, none of which was tried"
    for measure, every in found.items():
        cost = every[n]
        moved = "loses" if cost.mean >= 0 else "gains"
        where = f"{percent(cost.ratio, 0)} removed {moved} {abs(cost.mean):.2f} points {_in(measure)}"
        if cost.std is None or cost.at_most is None:
            return f"missing: seeds, as one at {percent(cost.ratio, 0)} removed has no deviation"
        if cost.mean > tolerance:
            ratio = percent(cost.ratio, 0)
            before = f"between {percent(tried[n - 1].ratio, 0)} and {ratio}" if n else f"below {ratio}"
            return f"{where}, more than the tolerance; {before} nothing was tried"
        if cost.at_most > tolerance:
            more = seeds_needed(cost, tolerance, doubt)
            about = f"about {more} in all would tell" if more else f"more than {MOST_SEEDS} would be needed to tell"
            return f"missing: seeds, as {where}, and by {cost.n} of them up to {cost.at_most:.2f} may be lost; {about}"
    raise AssertionError("one measure is beyond the tolerance")


def _in(measure: str) -> str:
    return measure if measure == OVERALL else f"in the {measure}"
