from __future__ import annotations

import io
import statistics
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

import lt_prune as lp
from lt_prune.report.aggregate import aggregate, every_setting
from lt_prune.report.tables import results_table

PLAN: dict[str, Any] = {
    "name": "digits-lt10",
    "data_digest": "0",
    "method": "ce",
    "recipe": lp.Recipe(),
    "seed": 0,
}


def spec(**changes: Any) -> lp.TrainSpec:
    return lp.TrainSpec(**{**PLAN, **changes})


def result(overall: float, tail: float | None = 0.5, seconds: float = 10.0, **changes: Any) -> lp.TrainResult:
    evaluation = lp.Evaluation(
        overall=overall,
        balanced=overall,
        head=0.9,
        middle=0.7,
        tail=tail,
        per_class=(),
        ece=0.1,
        macro_f1=0.4,
        confusion=(),
        n_test=10,
    )
    return lp.TrainResult(
        spec=spec(**changes),
        data=None,
        subset=None,
        n_train=1,
        class_counts=(1,),
        evaluation=evaluation,
        loss=(),
        seconds=seconds,
        versions={},
    )


def test_a_row_is_the_mean_and_the_samples_deviation_over_seeds():
    [row] = aggregate([result(value, seed=seed) for seed, value in enumerate((0.5, 0.6, 0.8))])
    assert row["n"] == 3
    assert row["overall_mean"] == pytest.approx(statistics.mean((0.5, 0.6, 0.8)))
    assert row["overall_std"] == pytest.approx(statistics.stdev((0.5, 0.6, 0.8)))


def test_one_result_has_no_deviation():
    [row] = aggregate([result(0.5)])
    assert (row["overall_mean"], row["overall_std"]) == (0.5, None)


def test_a_group_without_test_samples_has_no_mean():
    [row] = aggregate([result(0.5, tail=None), result(0.6, tail=None, seed=1)])
    assert (row["tail_mean"], row["tail_std"]) == (None, None)


def test_what_failed_and_what_is_missing_is_counted():
    failed = lp.FailedRun(spec=spec(seed=1), reason="it diverged")
    [row] = aggregate([result(0.5), failed, lp.PlannedRun(spec=spec(seed=2))])
    assert (row["n"], row["failed"], row["missing"], row["reasons"]) == (1, 1, 1, ["seed 1: it diverged"])


@pytest.mark.parametrize(
    "changes",
    [{"method": "cb"}, {"ratio": 0.3}, {"strategy": "random"}, {"prediction": "angular"}, {"data_digest": "1"}],
)
def test_runs_that_differ_in_more_than_the_seed_are_rows_apart(changes):
    assert len(aggregate([result(0.5), result(0.5, **changes)])) == 2


def test_settings_that_differ_are_told():
    runs = [result(0.5, method="alas", settings={"tau": tau}) for tau in (0.25, 0.5)]
    runs += [result(0.5, recipe=lp.Recipe(epochs=7))]
    assert {row["method"]: row["settings"] for row in aggregate(runs)}["ce"] == ""
    assert [row["settings"] for row in aggregate(runs) if row["method"] == "alas"] == ["tau=0.25", "tau=0.5"]


def test_settings_of_two_stages_bear_the_names_that_override_them():
    first = spec(method="aem", recipe=lp.Recipe(epochs=9), settings={"entropy": "minimised"})
    run = result(0.5, method="atl", first=first, recipe=lp.Recipe(epochs=3), settings={"tau": 0.5})
    found = every_setting(run)
    assert (found["epochs"], found["stage2_epochs"], found["tau"], found["entropy"]) == (9, 3, 0.5, "minimised")
    other = replace(run, spec=replace(run.spec, recipe=lp.Recipe(epochs=4)))
    assert [row["settings"] for row in aggregate([run, other])] == ["stage2_epochs=3", "stage2_epochs=4"]


def shown(rows: list[dict[str, Any]]) -> str:
    memory = io.StringIO()
    Console(file=memory, width=200, color_system=None).print(results_table(rows))
    return memory.getvalue()


def test_the_table_shows_percent_seconds_and_what_lacks():
    runs: list[lp.PlannedRun] = [result(0.5), result(0.6, seed=1), lp.PlannedRun(spec=spec(ratio=0.4))]
    runs += [lp.FailedRun(spec=spec(ratio=0.4, seed=1), reason="it diverged")]
    lines = shown(aggregate(runs)).splitlines()
    assert "digits-lt10, ce, linear" in lines[0]
    assert "55.00±7.07" in lines[2]
    assert "10.0±0.0" in lines[2]
    assert "1 failed, 1 missing" in lines[3]
    assert lines[-1].rstrip() == "digits-lt10, nothing 0.4, seed 1: it diverged"


def test_columns_tell_what_rows_differ_in():
    text = shown(aggregate([result(0.5), result(0.5, method="cb")]))
    lines = [line.split() for line in text.splitlines()[1:4]]
    assert (lines[0][3], lines[1][2], lines[2][2]) == ("method", "cb", "ce")
