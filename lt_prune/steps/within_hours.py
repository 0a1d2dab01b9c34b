"""A sweep that takes about so many hours here.

What a network costs is measured by two that the sweep needs in any case, not guessed: what the first takes to start
(processes, torch), and what each takes besides its epochs (tests, files). How fast epochs are is that of networks of the
kind, as `sweep --dry-run` has it. So many seeds are planned as fit; and as a plan may err, what ends after the hours is the
last.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any

from lt_prune.choices import MODELS
from lt_prune.config.compute import Compute
from lt_prune.errors import ArgumentError, DecisionWarning
from lt_prune.planning.grid import Grid
from lt_prune.progress import Progress, announce, tell
from lt_prune.reports.words import several
from lt_prune.reports.workload import Workload, duration
from lt_prune.runs import FailedRun, PlannedRun, TrainResult
from lt_prune.steps.sweep import sweep
from lt_prune.steps.workload import gain
from lt_prune.types import LongTailedSet

FEWEST_SEEDS = 2
"""A deviation takes two."""
MOST_SEEDS = 10
"""More of them narrow a bound by little."""
CHEAP = {"images": "resnet8", "embeddings": MODELS["embeddings"]}
"""Models, by the kind of samples."""
EPOCHS = 30
"""Of unpruned runs."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What a sweep came to."""

    runs: tuple[PlannedRun, ...]
    """Results, failures, and what there was no time for."""
    said: str
    """What was planned and what it took."""


def sweep_within(
    hours: float, began: float, data: LongTailedSet, how: Mapping[str, Any], settings: Mapping[str, Any]
) -> Swept:
    """Plan and run the default grid with as many seeds as there is time for.

    Args:
        hours: that it may take; no more than what is in training when they are over ends after them.
        began: when they began, by `time.monotonic`.
        data: what it is on.
        how: compute, out, overwrite and progress of `sweep`.
        settings: of it, in place of a cheap model and few epochs.

    Raises:
        ArgumentError: there is no time for two seeds.
    """
    watch = _Watch(how["progress"], began + hours * 3600)
    given = {name: value for name, value in settings.items() if value is not None}
    usual = {"model": CHEAP[data.kind], "epochs": EPOCHS}
    planned = partial(sweep, data=data, **{**how, "progress": watch, **usual, **given})
    compute = how["compute"] or Compute()
    plan = _Plan(planned, partial(gain, data.pixels, compute), hours, began)
    plan.require_time()
    plan = replace(plan, cost=_measured(planned, watch, how["overwrite"], compute))
    n_seeds = plan.n_seeds()
    expected, work = plan.spent + plan.seconds(n_seeds), plan.work(n_seeds)
    networks = several(work.members + work.runs, "network")
    told = f"planned: {n_seeds} seeds, {networks}, {duration(expected)} of {duration(hours * 3600)}"
    announce(watch, f"{told}, with {plan.cost.each:.1f} seconds a network besides its epochs")
    watch.runs.clear()
    try:
        planned(grid=_grid(n_seeds))
    except _OutOfTime:
        if not any(isinstance(run, TrainResult) and run.strategy for run in watch.runs.values()):
            raise plan.too_short() from None
    return Swept(runs=tuple(watch.runs.values()), said=f"{told}; it took {duration(plan.spent)}{watch.left}")


def _grid(n_seeds: int) -> Grid:
    return Grid(seeds=range(n_seeds))


@dataclass(frozen=True, kw_only=True)
class _Cost:
    """What was measured of a network."""

    start: float = 0.0
    """Seconds from the call until it begins."""
    each: float = 0.0
    """Seconds besides its epochs."""


@dataclass(frozen=True)
class _Plan:
    """How long so many seeds will take."""

    planned: Callable[..., Any]
    """The sweep, but for its grid."""
    gain: Callable[[int], int]
    """How many times as fast as one network so many are together."""
    hours: float
    began: float
    cost: _Cost = _Cost()

    @property
    def spent(self) -> float:
        return monotonic() - self.began

    def work(self, n_seeds: int) -> Workload:
        """What is left to train."""
        work: Workload = self.planned(grid=_grid(n_seeds), dry_run=True).work
        return work

    def seconds(self, n_seeds: int) -> float:
        """How long that takes."""
        work = self.work(n_seeds)
        n_networks = work.members + work.runs
        if not n_networks:
            return 0.0
        return self.cost.start + (work.seconds or 0.0) + n_networks * self.cost.each / self.gain(n_networks)

    def n_seeds(self) -> int:
        """As many as there is time for."""
        self.require_time()
        numbers = range(FEWEST_SEEDS, MOST_SEEDS + 1)
        return max(FEWEST_SEEDS, FEWEST_SEEDS - 1 + bisect_right(numbers, self.hours * 3600 - self.spent, key=self.seconds))

    def require_time(self) -> None:
        """Refuse what there is no time for.

        Raises:
            ArgumentError: it is so.
        """
        if self.spent + self.seconds(FEWEST_SEEDS) > self.hours * 3600:
            raise self.too_short()

    def too_short(self) -> ArgumentError:
        """The hours that two seeds need, rounded up."""
        needed = (self.spent + self.seconds(FEWEST_SEEDS)) / 3600
        needed = max(needed, self.hours) * 1.06  # as two digits may be 5 % less than the number is
        return ArgumentError(
            f"two seeds, which a deviation takes, need about {needed:.2g} hours here, more than {self.hours:g}: give more "
            f"hours, or fewer epochs"
        )


def _measured(planned: Callable[..., Any], watch: _Watch, overwrite: bool, compute: Compute) -> _Cost:
    """What the first runs cost that are missing and need no scores, an unpruned and a pruned one, one after the other: the
    second has what the first had to start. Nothing is known where none is missing."""
    every = planned(grid=_grid(MOST_SEEDS), dry_run=True).runs
    missing = (run for run in every if overwrite or not isinstance(run, TrainResult))
    first = next((run for run in missing if run.strategy and not run.metric), None)
    if first is None:
        return _Cost()
    alone = Grid(strategies=[first.strategy], ratios=[first.ratio], seeds=[first.seed])
    began = monotonic()
    with warnings.catch_warnings(), suppress(_OutOfTime):
        warnings.simplefilter("ignore", DecisionWarning)  # the sweep warns of it, too
        planned(grid=alone, compute=replace(compute, workers=1))
    times = [watch.begun or began, *watch.ends]
    besides = [end - begin - seconds for begin, end, seconds in zip(times, watch.ends, watch.seconds)]
    if not besides:
        return _Cost()
    return _Cost(start=max(0.0, times[0] - began + besides[0] - besides[-1]), each=max(0.0, besides[-1]))


class _OutOfTime(BaseException):
    """The hours are over."""


class _Watch:
    """A progress that notes when networks begin and end; the first to end after the deadline ends the work."""

    def __init__(self, progress: Progress, deadline: float) -> None:
        self._progress, self._deadline = progress, deadline
        self.begun: float | None = None
        """When the first network began."""
        self.ends: list[float] = []
        """When networks have ended that were not there before."""
        self.seconds: list[float] = []
        """Of their epochs."""
        self.runs: dict[str, PlannedRun] = {}
        """What is known of each run, by title."""

    def __call__(self, what: str, done: float, total: int) -> None:
        self.begun = monotonic() if self.begun is None else self.begun
        self._progress(what, done, total)

    def announce(self, sentence: str) -> None:
        """Tell a sentence."""
        announce(self._progress, sentence)

    def follow(self, what: str, known: object) -> None:
        """Take note of what is known of a run.

        Raises:
            _OutOfTime: there is no time for another one.
        """
        tell(self._progress, what, known)
        if isinstance(known, PlannedRun):
            self.runs[what] = known
        if not isinstance(known, (TrainResult, FailedRun, Mapping)):  # no network has ended
            return
        now = monotonic()
        if self.begun is not None and not isinstance(known, FailedRun):
            self.ends.append(now)
            self.seconds.append(known["seconds"] if isinstance(known, Mapping) else known.seconds)
        if now > self._deadline:
            raise _OutOfTime

    @property
    def left(self) -> str:
        """How many runs there was no time for, in words that follow others."""
        left = sum(not isinstance(run, (TrainResult, FailedRun)) for run in self.runs.values())
        return f", which left no time for {left} of {len(self.runs)} runs: more hours go on from there" if left else ""
