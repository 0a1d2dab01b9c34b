"""What a sweep of so many hours plans, and when it ends, by a clock that only the networks move."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from typed import ok

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.progress import announce, no_progress, tell
from lt_prune.reports.workload import Workload
from lt_prune.steps import within_hours

START, EPOCHS, TESTS, FRESH = 3.0, 10.0, 5.0, 20.0
"""Seconds: until processes have started, of a network's epochs, of what follows them, and of reading."""
SPEED = 100.0
N_PRUNINGS = 36
"""Of the default grid: 4 strategies by 9 ratios."""


@dataclass
class Fake:
    """A sweep that trains nothing: each network moves the clock by what it takes."""

    now: float = 1000.0
    hidden: float = 0.0
    """Seconds that a network takes in the sweep and did not in the first run."""
    members: int = 10
    done: dict[tuple[int, float, str | None], Any] = field(default_factory=dict)
    scored: int = 0
    calls: list[list[int]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    gain: int = 1

    def monotonic(self) -> float:
        return self.now

    def announce(self, sentence: str) -> None:
        self.told.append(sentence)

    def __call__(self, *args: Any) -> None:
        """Epochs are nothing to it, as a progress."""

    def planned(self, grid: lp.Grid) -> list[Any]:
        prunings = [(0.0, None), *((each.ratio, each.strategy) for each in grid.prunings)]
        keys = [(seed, *pruning) for seed, _ in grid.runs for pruning in prunings]
        return [self.done.get(key) or self.run(*key) for key in keys]

    def run(self, seed: int, ratio: float, strategy: str | None) -> lp.PlannedRun:
        named = {"name": "fake", "data_digest": "0", "method": "ce", "recipe": lp.Recipe(epochs=10)}
        return lp.PlannedRun(spec=lp.TrainSpec(**named, seed=seed, ratio=ratio, strategy=strategy))

    def sweep(self, *, grid: lp.Grid, progress: Any, dry_run: bool = False, **options: Any) -> Any:
        runs = self.planned(grid)
        left = [run for run in runs if not isinstance(run, lp.TrainResult)]
        members = self.members - self.scored if grid.ranked_by else 0
        if dry_run:
            images, speed = round((len(left) + members) * EPOCHS * SPEED), SPEED * (self.gain if len(left) > 1 else 1)
            how = {"epochs": 0, "images": images, "images_per_second": speed}
            return SimpleNamespace(runs=runs, work=Workload(members=members, runs=len(left), **how))
        self.calls.append(list(grid.seeds))
        at_once = 1 if options["compute"] and options["compute"].workers == 1 else self.gain
        self.now += START if left else 0
        for number in range(members):
            self.train(progress, f"member {number}", at_once)
            self.scored += 1
            tell(progress, f"member {number}", {"loss": (), "seconds": EPOCHS})
        for run in runs:
            tell(progress, str(run.spec), run)
        for run in left:
            self.train(progress, str(run.spec), at_once)
            result = self.result(run)
            self.done[run.seed, run.ratio, run.strategy] = result
            tell(progress, str(run.spec), result)
        return SimpleNamespace(runs=self.planned(grid))

    def train(self, progress: Any, what: str, at_once: int) -> None:
        progress(what, 0, 10)
        self.now += (EPOCHS + TESTS + (self.hidden if len(self.calls) > 1 else 0)) / at_once

    def result(self, run: lp.PlannedRun) -> lp.TrainResult:
        known = {"data": None, "subset": None, "n_train": 3, "class_counts": (3,), "versions": {}}
        reached = dict.fromkeys(("overall", "balanced", "head", "middle", "tail", "ece", "macro_f1"), 0.5)
        confusion = lp.Confusion(num_classes=1, true=(0,), predicted=(0,), count=(4,))
        evaluation = lp.Evaluation(**reached, per_class=(), confusion=confusion, n_test=4)
        return lp.TrainResult(spec=run.spec, **known, evaluation=evaluation, loss=(1.0,), seconds=EPOCHS)


@pytest.fixture
def fake(monkeypatch, in_tmp) -> Fake:
    made = Fake()
    monkeypatch.setattr(within_hours, "sweep", made.sweep)
    monkeypatch.setattr(within_hours, "monotonic", made.monotonic)
    monkeypatch.setattr(within_hours, "gain", lambda pixels, compute, n_networks: made.gain)
    return made


def within(fake: Fake, seconds: float) -> within_hours.Swept:
    """A sweep of so many seconds, of which reading has taken some."""
    began, fake.now = fake.now, fake.now + FRESH
    how = {"compute": lp.Compute(device="cpu"), "out": ".", "overwrite": False, "progress": fake}
    return within_hours.sweep_within(seconds / 3600, began, SimpleNamespace(kind="images", pixels=None), how, {})


def whole(n_seeds: int) -> float:
    """Seconds that so many seeds take in all: the first run has a start of its own."""
    n_networks = 10 + n_seeds * (1 + N_PRUNINGS)
    return FRESH + 2 * START + n_networks * (EPOCHS + TESTS)


@pytest.mark.parametrize("n_seeds", [2, 3, 10])
def test_what_a_run_costs_besides_its_epochs_counts(fake, n_seeds):
    """One second less, and there is time for one seed less."""
    swept = within(fake, whole(n_seeds) + 0.5)
    assert fake.calls == [[0], list(range(n_seeds))]
    assert fake.now - 1000 == pytest.approx(whole(n_seeds))
    assert sum(isinstance(run, lp.TrainResult) for run in swept.runs) == len(swept.runs) == n_seeds * (1 + N_PRUNINGS)


@pytest.mark.parametrize("n_seeds", [3, 10])
def test_with_a_little_less_time_there_is_a_seed_less(fake, n_seeds):
    within(fake, whole(n_seeds) - 0.5)
    assert fake.calls[-1] == list(range(n_seeds - 1))


def test_more_seeds_than_ten_are_never_planned(fake):
    within(fake, 10 * whole(10))
    assert fake.calls[-1] == list(range(10))


def test_networks_that_are_trained_at_once_share_what_each_costs(fake):
    fake.gain = 2
    first = FRESH + 2 * START + 2 * (EPOCHS + TESTS)
    swept = within(fake, first + (whole(2) - first) / 2 + 0.5)
    assert fake.calls[-1] == [0, 1]
    assert not any(type(run) is lp.PlannedRun for run in swept.runs)


def test_it_says_what_was_planned_and_what_it_took(fake):
    swept = within(fake, whole(2) + 0.5)
    planned = "planned: 2 seeds, 82 networks, 21.4 minutes of 21.4 minutes"
    assert fake.told[-1] == f"{planned}, with 5.0 seconds a network besides its epochs"
    assert swept.said == f"{planned}; it took 21.4 minutes"


def test_where_the_plan_was_too_hopeful_no_run_begins_after_the_hours(fake):
    fake.hidden = 3.0
    seconds = whole(3) + 0.5
    swept = within(fake, seconds)
    assert seconds < fake.now - 1000 <= seconds + EPOCHS + TESTS + fake.hidden
    left = sum(not isinstance(run, lp.TrainResult) for run in swept.runs)
    assert 0 < left < N_PRUNINGS
    assert swept.said.endswith(
        f", which left no time for {left} of {3 * (1 + N_PRUNINGS)} runs: more hours go on from there"
    )


def test_more_hours_go_on_from_there(fake):
    fake.hidden = 3.0
    within(fake, whole(3))
    before = len(fake.done)
    swept = within(fake, 2 * whole(3))
    assert len(fake.done) > before
    assert not any(type(run) is lp.PlannedRun for run in swept.runs)


def test_where_two_seeds_do_not_fit_it_says_after_the_first_runs_how_many_hours_would(fake):
    seconds = whole(2) - 1
    with pytest.raises(
        ArgumentError, match=r"^two seeds, which a deviation takes, need about (\S+) hours here, "
    ) as refused:
        within(fake, seconds)
    assert fake.calls == [[0]]
    needed = float(str(refused.value).split()[8]) * 3600
    assert whole(2) - START < needed < 1.15 * whole(2)
    within(fake, needed)
    assert fake.calls[-1] == [0, 1]


def test_where_epochs_alone_take_longer_nothing_is_trained(fake):
    with pytest.raises(ArgumentError, match=r"^two seeds, which a deviation takes, need about "):
        within(fake, FRESH + 60 * EPOCHS)
    assert fake.calls == []


def test_where_not_even_one_pruned_run_has_ended_it_says_how_many_hours_would_do(fake):
    fake.hidden = 200.0
    seconds = whole(2) + 0.5
    with pytest.raises(ArgumentError, match=r"need about \S+ hours here, more than") as refused:
        within(fake, seconds)
    assert float(str(refused.value).split()[8]) * 3600 > seconds
    assert fake.now - 1000 <= seconds + EPOCHS + TESTS + fake.hidden


def test_of_runs_that_are_there_none_is_measured_but_the_next_one_is(fake):
    """Behind the unpruned run comes the first of those that need no scores, and the unpruned one with it."""
    fake.done[0, 0.0, None] = fake.result(fake.run(0, 0.0, None))
    within(fake, whole(2) + 0.5)
    assert fake.calls == [[0], [0, 1]]
    assert [key for key in fake.done if key[0] == 0][:3] == [(0, 0.0, None), (0, 0.1, "random"), (0, 0.2, "random")]
    assert fake.told[-1].endswith("with 5.0 seconds a network besides its epochs")


def test_where_all_is_there_nothing_is_trained(fake):
    within(fake, 2 * whole(10))
    before = fake.now
    swept = within(fake, 2 * whole(10))
    assert fake.now - before == FRESH
    assert swept.said.startswith("planned: 10 seeds, 0 networks, ")


def test_the_command_says_it_too(fake, monkeypatch):
    monkeypatch.setattr("lt_prune.steps.advise.monotonic", fake.monotonic)
    said = ok("advise --hours 1 --tolerance 5")
    assert "planned: 6 seeds, " in " ".join(said.stdout.split())
    assert '"took": "planned: 10 seeds, ' in ok("advise --hours 5 --json").stdout


def test_a_watch_passes_on_what_it_is_told():
    told: list[object] = []

    class Told:
        def __call__(self, *args: object) -> None:
            told.append(args)

        def announce(self, sentence: str) -> None:
            told.append(sentence)

        def follow(self, what: str, known: object) -> None:
            told.append((what, known))

    for outer in (within_hours._Watch(Told(), 1e12), within_hours._Watch(no_progress, 1e12)):
        outer("a run", 0, 2)
        announce(outer, "a sentence")
        tell(outer, "a member", {"seconds": 1.0})
    assert told == [("a run", 0, 2), "a sentence", ("a member", {"seconds": 1.0})]
