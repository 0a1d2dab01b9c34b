from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.given import keywords_of
from lt_prune.planning.commands import prune_command
from lt_prune.progress import tell
from lt_prune.reports.advice import advice_of
from lt_prune.reports.advice_table import _answer, advice_table
from lt_prune.steps import within_hours

ACCURACY = {0.0: 0.80, 0.2: 0.798, 0.4: 0.79, 0.6: 0.60}
"""Of made-up runs."""
WIGGLE = (0.0, 0.002, -0.002, 0.001)
"""By seed, of pruned runs alone."""


def result(
    ratio: float = 0.0, seed: int = 0, tail: float | None = 0.5, strategy: str = "random", **changes: Any
) -> lp.TrainResult:
    accuracy = ACCURACY[ratio] + (WIGGLE[seed] if ratio else 0)
    evaluation = lp.Evaluation(
        overall=accuracy,
        balanced=accuracy,
        head=accuracy,
        middle=accuracy,
        tail=tail,
        per_class=(),
        ece=0.1,
        macro_f1=0.4,
        confusion=lp.Confusion(num_classes=1, true=(0,), predicted=(0,), count=(1,)),
        n_test=10000,
    )
    spec = lp.TrainSpec(
        name="blobs",
        data_digest="0",
        method="ce",
        recipe=lp.Recipe(epochs=60),
        seed=seed,
        strategy=strategy if ratio else None,
        ratio=ratio,
        **changes,
    )
    return lp.TrainResult(
        spec=spec,
        data="blobs.h5",
        subset=None,
        n_train=10,
        class_counts=(1,) * 10,
        evaluation=evaluation,
        loss=(),
        seconds=10 * (1 - ratio),
        versions={},
    )


def runs(ratios: tuple[float, ...] = tuple(ACCURACY), seeds: int = 4, **changes: Any) -> list[lp.PlannedRun]:
    return [result(ratio, seed, **changes) for ratio in ratios for seed in range(seeds)]


def moved(run: Any, gained: float) -> lp.TrainResult:
    """A run whose accuracy overall is that much higher."""
    evaluation = replace(run.evaluation, overall=run.evaluation.overall + gained)
    found: lp.TrainResult = replace(run, evaluation=evaluation)
    return found


def only(found: list[lp.PlannedRun], tolerance: float = 2.0, group: str | None = None) -> Any:
    [advice] = advice_of(found, tolerance, group)
    [line] = advice.lines
    return line


def test_the_largest_ratio_within_the_tolerance_is_advised_with_the_time_that_it_saves():
    line = only(runs())
    assert (line.ratio, line.saved) == pytest.approx((0.4, 0.4))
    assert line.limit.startswith("60% removed loses 19.98 points overall, more than the tolerance; between 40% and 60%")


def test_a_slower_run_saves_no_time():
    slower = [replace(run, seconds=12.0) if run.spec.ratio else run for run in runs((0.0, 0.2))]
    [advice] = advice_of(slower, 2.0, None)
    console = Console(width=200)
    with console.capture() as printed:
        console.print(advice_table(advice, None))
    assert advice.lines[0].saved == pytest.approx(-0.2)
    assert "random: up to 20% can go, which saves none of the training time;" in printed.get()


def test_where_every_ratio_is_within_it_larger_ones_are_missing():
    line = only(runs((0.0, 0.2)))
    assert (line.ratio, line.limit) == (0.2, "missing: ratios above 20%, none of which was tried")


def test_one_seed_is_no_number():
    line = only(runs(seeds=1))
    assert (line.ratio, line.limit) == (None, "missing: seeds, as one at 20% removed has no deviation")


def test_unpruned_runs_must_be_of_the_same_seeds():
    line = only([result(0.0, 3), *(result(0.2, seed) for seed in (0, 1))])
    assert (line.ratio, line.limit) == (None, "missing: unpruned runs of the same seeds")


def test_where_the_mean_is_within_and_the_bound_is_not_seeds_are_missing():
    line = only(runs((0.0, 0.4), seeds=2), tolerance=1.2)
    assert line.ratio is None
    assert line.limit.startswith("missing: seeds, as 40% removed loses 0.90 points overall, and by 2 of them up to ")
    assert line.limit.endswith("about 3 in all would tell")


def test_a_group_is_asked_too():
    pruned = [result(ratio, seed, tail=0.5 if ratio < 0.4 else 0.3) for ratio in (0.0, 0.2, 0.4) for seed in range(4)]
    assert only(pruned).ratio == 0.4
    line = only(pruned, group="tail")
    assert line.ratio == 0.2
    assert "40% removed loses 20.00 points in the tail, more than the tolerance" in line.limit


def test_what_is_lost_already_cannot_be_lost():
    line = only(runs(tail=0.001), group="tail")
    assert (line.ratio, line.limit.partition(",")[0]) == (None, "missing: longer runs")


def test_a_group_without_test_samples_is_refused():
    with pytest.raises(ArgumentError, match=r"^blobs has no test samples of the tail: ask for another group, or for none$"):
        advice_of(runs(tail=None), 1.0, "tail")


def test_strategies_share_the_doubt():
    alone = only(runs((0.0, 0.2))).costs["overall"][0]
    [advice] = advice_of(runs((0.0, 0.2)) + runs((0.2,), strategy="class-random"), 2.0, None)
    for line in advice.lines:
        assert line.costs["overall"][0].at_most > alone.at_most


def test_of_ways_that_remove_as_much_the_one_that_loses_least_there_is_best():
    other = [moved(run, {0.2: -0.01, 0.4: 0.005}.get(run.spec.ratio, 0)) for run in runs(strategy="ranked") if run.strategy]
    [advice] = advice_of(runs() + other, 3.0, None)
    assert [line.ratio for line in advice.lines] == [0.4, 0.4]
    assert advice.best.pruned_by.startswith("ranked")
    assert advice.best.lost == pytest.approx(0.475)


def test_methods_have_an_advice_each():
    both = runs() + [replace(run, spec=replace(run.spec, method="cb")) for run in runs()]
    assert [advice.trained.split(" by ")[0] for advice in advice_of(both, 2.0, None)] == ["blobs, ce", "blobs, cb"]


def test_of_one_seed_ranked_by_several_ensembles_the_mean_counts():
    own = [replace(run, spec=replace(run.spec, ensemble=run.seed)) for run in runs((0.2,))]
    line = only(runs((0.0, 0.2)) + own)
    assert (line.costs["overall"][0].n, line.costs["overall"][0].mean) == (4, pytest.approx(0.175))


def test_no_pruned_run_is_nothing_to_advise_by(blobs, in_tmp):
    lp.train(blobs(), out="runs/a", epochs=1, model="resnet8")
    with pytest.raises(ArgumentError, match="no run is on a pruned set, so there is nothing to advise by"):
        lp.advise()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tolerance": -1.0}, "tolerance must be points that may be lost, 0 or more, not -1.0"),
        ({"tolerance": float("nan")}, "tolerance must be points that may be lost, 0 or more, not nan"),
        ({"group": "end"}, "group must be head or middle or tail, not 'end'"),
        ({"data": "digits"}, "data is for a sweep that is run for this: say for how long by hours"),
        ({"epochs": 3}, "epochs is for a sweep that is run for this: say for how long by hours"),
        (
            {"compute": lp.Compute(device="cpu", workers=3)},
            r"^compute \(workers\) is for a sweep that is run for this: say ",
        ),
        (
            {"compute": lp.Compute(device="cpu")},
            r"^compute \(device, precision, compiled, workers, n_threads, executor\) is ",
        ),
        (
            {"reading": lp.Reading(resize=8, strict=True)},
            r"^reading \(resize, strict\) is for a sweep that is run for this: ",
        ),
        ({"reading": lp.Reading()}, r"^reading \(download, resize, .* strict\) is for a sweep that is run for this: say "),
        ({"out": "elsewhere"}, "^out is for a sweep that is run for this: say for how long by hours$"),
        ({"overwrite": True}, "^overwrite is for a sweep that is run for this: say for how long by hours$"),
        ({"freeze": False}, "^freeze is for a sweep that is run for this: say for how long by hours$"),
        ({"hours": float("nan")}, "hours must be a number above 0, not nan"),
        ({"hours": float("inf")}, "hours must be a number above 0, not inf"),
        ({"hours": 0.0}, "hours must be a number above 0, not 0.0"),
        ({"hours": 0.0001, "model": "resnet8"}, "two seeds, which a deviation takes, need about "),
    ],
)
def test_what_cannot_be_answered_is_refused(in_tmp, monkeypatch, given, says):
    monkeypatch.setattr("lt_prune.steps.workload.speed_of", lambda run, compute: 100.0)
    with pytest.raises(ArgumentError, match=says):
        lp.advise(**given)
    assert not list(in_tmp.iterdir())


READ_BY_SWEEPS = {
    "data": "digits",
    "compute": lp.Compute(device="cpu"),
    "reading": lp.Reading(),
    "out": "elsewhere",
    "overwrite": True,
}
"""Keywords that are read with hours alone, but for settings."""


def test_every_keyword_that_nothing_reads_without_hours_is_refused(in_tmp):
    taken = set(keywords_of(lp.advise)) - {"tolerance", "group", "figure", "hours", "progress"}  # nothing reads a progress
    assert taken == READ_BY_SWEEPS.keys()
    for name, value in READ_BY_SWEEPS.items():
        with pytest.raises(
            ArgumentError, match=rf"^{name}.* is for a sweep that is run for this: say for how long by hours$"
        ):
            lp.advise(**{name: value})


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("--data digits", "data"),
        ("--workers 3", "compute (workers)"),
        ("--device cpu", "compute (device, precision, compiled, workers, n_threads, executor)"),
        ("--executor session", "compute (executor)"),
        ("--resize 16", "reading (resize)"),
        ("--holdout 0.1", "reading (holdout)"),
        ("--download", "reading (download)"),
        ("--out elsewhere", "out"),
        ("--overwrite", "overwrite"),
        ("--epochs 3", "epochs"),
        ("--no-flip", "flip"),
    ],
)
def test_an_option_that_nothing_reads_is_refused_by_the_command_too(in_tmp, option, named):
    refused = lt(f"advise {option}")
    assert refused.exit_code == 2
    assert refused.stderr == f"lt-prune: {named} is for a sweep that is run for this: say for how long by hours\n"


def test_overwrite_is_of_the_figure_too(in_tmp, monkeypatch):
    monkeypatch.setattr("lt_prune.steps.advise.runs_in", lambda places: runs((0.0, 0.2)))
    for options in ({}, {"overwrite": True}):
        lp.advise(figure="costs", **options)


def test_results_and_hours_are_one_or_the_other(in_tmp):
    with pytest.raises(ArgumentError, match="give one of the two"):
        lp.advise("runs", hours=1.0)


def test_as_many_seeds_are_planned_as_there_is_time_for(in_tmp, monkeypatch, blobs):
    asked = []
    monkeypatch.setattr("lt_prune.steps.workload.speed_of", lambda run, compute: 1000.0)
    swept = within_hours.sweep

    def sweep(**given: Any) -> Any:
        dry = swept(**{**given, "dry_run": True})
        if not given.get("dry_run"):
            asked.append((list(given["grid"].seeds), given["model"], given["epochs"], dry.work.seconds))
            for run in dry.runs:
                tell(given["progress"], str(run.spec), run)
        return dry

    monkeypatch.setattr(within_hours, "sweep", sweep)
    for hours in (0.05, 0.1):
        with pytest.raises(ArgumentError, match="no run is on a pruned set"):  # as nothing was trained
            lp.advise(data=blobs((40, 30, 20)), hours=hours)
    first, (few, *how, seconds), _, (more, *_) = asked
    assert first[0] == [0]
    assert how == ["resnet8", 30]
    assert 2 <= len(few) < len(more) <= 10
    assert seconds <= 0.05 * 3600


@pytest.fixture
def swept(blobs, in_tmp):
    lp.write_set("sets/blobs.h5", blobs())
    sizes = "--ratios 0.2,0.4 --seeds 0-1 --epochs 1 --model resnet8 --members 1 --score-epochs 1 --executor session"
    ok(f"sweep --data sets/blobs.h5 --strategies random,ranked {sizes}")


def test_the_command_makes_the_subset_that_was_trained_on(swept):
    for run in map(lp.read_result, sorted(Path("runs").glob("*/result.json"))):
        if run.strategy:
            subset = lp.read_subset(_made(prune_command(run)))
            assert subset.digest == run.spec.subset_digest


@pytest.mark.parametrize("strategy", ["ranked+force_keep=ab12cd34", "random+noisy=0.1", "theirs"])
def test_where_results_do_not_tell_all_there_is_no_command(strategy):
    [advice] = advice_of(runs((0.0, 0.2), strategy=strategy), 2.0, None)
    assert advice.best.ratio == 0.2
    assert prune_command(advice.best.run) is None
    assert _answer(advice, None).endswith(
        " 20%: the subset is that of the runs, and results alone do not tell how to make it again"
    )


def test_json_says_what_the_table_says(swept):
    [said] = json.loads(ok("advise --tolerance 5 --json").stdout)["advice"]
    [advice] = lp.advise(tolerance=5.0)
    assert [line["limit"] for line in said["lines"]] == [line.limit for line in advice.lines]
    assert said["command"] == (advice.best and prune_command(advice.best.run))
    assert {cost["ratio"] for line in said["lines"] for cost in line["costs"]["overall"]} == {0.2, 0.4}


def _made(command: str) -> str:
    ok(f"{command.removeprefix('lt-prune ')} --out again.h5 --overwrite")
    return "again.h5"


def test_the_table_and_the_picture_say_what_they_are_of(swept):
    said = lt("advise runs/blobs-sweep.json --tolerance 100 --group tail --figure costs")
    assert said.exit_code == 0
    words = " ".join(said.stdout.split())
    for part in (
        "blobs, ce by resnet8, 1 epoch, linear prediction: what can be pruned where 100 points may be lost",
        "held-out test samples",
        "by 90% confidence",
    ):
        assert part in words
    assert Path("costs.png").stat().st_size
    assert shlex.split(said.stderr)[-2:] == ["costs.png,", "costs.pdf"]


def test_the_pictures_of_several_advices_are_named(in_tmp, monkeypatch):
    both = runs((0.0, 0.2)) + [replace(run, spec=replace(run.spec, method="cb")) for run in runs((0.0, 0.2))]
    monkeypatch.setattr("lt_prune.steps.advise.runs_in", lambda places: both)
    assert ok("advise --figure costs").stderr.split() == [
        "wrote",
        "costs-1.png,",
        "costs-1.pdf,",
        "costs-2.png,",
        "costs-2.pdf",
    ]
    assert len(list(in_tmp.glob("costs-*"))) == 4


def test_runs_that_guess_say_nothing():
    """One in ten is right by chance: to lose what is above it is no loss of more than 5 points."""
    guessing = only([moved(run, 0.12 - run.evaluation.overall) for run in runs((0.0, 0.4))], tolerance=5.0)
    assert guessing.ratio is None
    assert guessing.limit == "missing: longer runs, as the unpruned ones reach 12.00% overall, little more than chance"
