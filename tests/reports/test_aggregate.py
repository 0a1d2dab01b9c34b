from __future__ import annotations

import io
import statistics
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

import lt_prune as lp
from lt_prune.config.compute import Arithmetic
from lt_prune.reports.aggregate import aggregate, each_run, every_setting
from lt_prune.reports.tables import results_table

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


@pytest.mark.slow
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
def test_runs_that_differ_in_more_than_the_seed_are_separate_rows(changes):
    assert len(aggregate([result(0.5), result(0.5, **changes)])) == 2


def test_settings_that_differ_are_reported():
    runs = [result(0.5, method="alas", settings={"tau": tau}) for tau in (0.25, 0.5)]
    runs += [result(0.5, recipe=lp.Recipe(epochs=7))]
    assert {row["method"]: row["settings"] for row in aggregate(runs)}["ce"] == ""
    assert [row["settings"] for row in aggregate(runs) if row["method"] == "alas"] == ["tau=0.25", "tau=0.5"]


@pytest.mark.parametrize("stages", [1, 2])
def test_whose_recipe_a_row_has_is_reported_by_the_name_of_the_option(stages):
    recipes = [lp.Recipe(preset=preset) for preset in ("paper", "released")]
    runs = [result(0.5, recipe=own, first=spec(recipe=own) if stages == 2 else None) for own in recipes]
    assert [row["settings"] for row in aggregate(runs)] == ["recipe=paper", "recipe=released"]


def test_settings_of_two_stages_have_the_names_that_override_them():
    first = spec(method="aem", recipe=lp.Recipe(epochs=9), settings={"entropy": "minimised"})
    run = result(0.5, method="atl", first=first, recipe=lp.Recipe(epochs=3), settings={"tau": 0.5})
    found = every_setting(run)
    assert (found["epochs"], found["stage2_epochs"], found["tau"], found["entropy"]) == (9, 3, 0.5, "minimised")
    other = replace(run, spec=replace(run.spec, recipe=lp.Recipe(epochs=4)))
    assert [row["settings"] for row in aggregate([run, other])] == ["stage2_epochs=3", "stage2_epochs=4"]


def test_rows_that_differ_in_several_settings_tell_each():
    runs = [result(0.5, recipe=lp.Recipe(epochs=epochs, lr=lr)) for epochs, lr in ((3, 0.1), (4, 0.2))]
    assert [row["settings"] for row in aggregate(runs)] == ["epochs=3 lr=0.1", "epochs=4 lr=0.2"]


def test_runs_that_were_computed_otherwise_are_separate_rows():
    hows = [Arithmetic(device="cuda", precision=precision) for precision in ("tf32", "bf16", "tf32")]
    rows = aggregate([result(0.5, arithmetic=how, seed=seed) for seed, how in enumerate(hows)])
    assert [(row["settings"], row["n"]) for row in rows] == [("computed=bf16 on cuda", 1), ("computed=tf32 on cuda", 2)]


def test_methods_with_other_first_stages_are_separate_rows():
    firsts = [spec(method=method, recipe=lp.Recipe()) for method in ("ce", "mixup")]
    rows = aggregate([result(0.5, method="crt", first=first, recipe=lp.Recipe(epochs=3)) for first in firsts])
    assert [row["settings"] for row in rows] == ["first=ce", "first=mixup"]


def test_rows_come_by_set_method_strategy_and_ratio_the_whole_set_first():
    pruned = {"strategy": "ranked", "metric": "el2n", "keep": "hard", "within": "set"}
    by_order: list[dict[str, Any]] = [
        {"name": "a", "method": "cb"},
        {"name": "a", "method": "ce"},
        {"name": "a", "method": "ce", "strategy": "random", "ratio": 0.3},
        {"name": "a", "method": "ce", **pruned, "metric": "avh", "ratio": 0.3},
        {"name": "a", "method": "ce", **pruned, "keep": "easy", "ratio": 0.3},
        {"name": "a", "method": "ce", **pruned, "ratio": 0.3},
        {"name": "a", "method": "ce", **pruned, "ratio": 0.45},
        {"name": "a", "method": "l2a", "prediction": "angular"},
        {"name": "a", "method": "l2a", "prediction": "linear"},
        {"name": "b", "method": "cb"},
    ]
    rows = aggregate([result(0.5, **changes) for changes in reversed(by_order)])
    found = [{name: row[name] for name in changes} for row, changes in zip(rows, by_order, strict=True)]
    assert found == by_order


RANKED: dict[str, Any] = {"strategy": "ranked", "metric": "avh", "keep": "hard", "within": "set", "ratio": 0.3}


def ensembles(runs: list[lp.TrainResult]) -> list[tuple[int | None, float]]:
    """How many ensembles the runs of each row have, and their mean, which tells which runs those are."""
    return [(row["ensembles"], row["overall_mean"]) for row in aggregate(runs)]


def test_seeds_ranked_by_one_ensemble_and_seeds_ranked_by_their_own_are_separate_rows():
    by_first = [result(0.1 * seed, seed=seed, ensemble=0, **RANKED) for seed in range(3)]
    by_own = [result(0.1 * seed + 0.3, seed=seed, ensemble=seed, **RANKED) for seed in (1, 2)]
    assert ensembles(by_first) == [(1, pytest.approx(0.1))]
    assert ensembles([*by_first[:1], *by_own]) == [(3, pytest.approx(0.3))]
    # The run of seed 0, whose own ensemble is the shared one, is among both.
    assert sorted(ensembles([*by_first, *by_own])) == [(1, pytest.approx(0.1)), (3, pytest.approx(0.3))]
    assert ensembles([result(0.5, seed=seed, ensemble=7, **RANKED) for seed in (0, 1)]) == [(1, 0.5)]


def test_a_run_that_two_rows_sum_up_is_one_of_the_single_runs():
    by_first = [result(0.1 * seed, seed=seed, ensemble=0, **RANKED) for seed in range(3)]
    by_own = [result(0.1 * seed + 0.3, seed=seed, ensemble=seed, **RANKED) for seed in (1, 2)]
    found = [(row["seed"], row["ensemble"], row["overall"]) for row in each_run([*by_first, *by_own])]
    assert sorted(found) == [(0, 0, 0.0), (1, 0, 0.1), (1, 1, 0.4), (2, 0, 0.2), (2, 2, 0.5)]


def test_what_is_not_ranked_has_no_ensemble_and_old_files_do_not_say():
    assert ensembles([result(0.5, seed=seed) for seed in (0, 1)]) == [(0, 0.5)]
    assert ensembles([result(0.5, seed=seed, **RANKED) for seed in (0, 1)]) == [(None, 0.5)]


def test_a_row_has_the_epochs_of_both_stages():
    first = spec(method="ce", recipe=lp.Recipe(epochs=9))
    one, two = aggregate([result(0.5), result(0.5, method="crt", first=first, recipe=lp.Recipe(epochs=3))])
    assert [(row["epochs"], row["stage2_epochs"]) for row in (one, two)] == [(300, None), (9, 3)]


def test_runs_at_equal_steps_are_separate_rows_with_the_settings_of_the_unpruned_run():
    pruned = {"strategy": "random", "ratio": 0.5}
    at_steps = result(0.5, equal="steps", recipe=lp.Recipe(epochs=600), unscaled={"epochs": 300}, **pruned)
    rows = aggregate([at_steps, result(0.5, **pruned), result(0.5)])
    assert [(row["equal"], row["epochs"], row["settings"]) for row in rows] == [
        (None, 300, ""),
        ("epochs", 300, ""),
        ("steps", 300, ""),
    ]
    first = spec(method="ce", recipe=lp.Recipe(epochs=18))
    scaled = result(0.5, method="crt", first=first, recipe=lp.Recipe(epochs=6), unscaled={"epochs": 9, "stage2_epochs": 3})
    assert (every_setting(scaled)["epochs"], every_setting(scaled)["stage2_epochs"]) == (9, 3)


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
    assert lines[-1].rstrip() == "digits-lt10, unpruned 0.4, seed 1: it diverged"


def test_columns_tell_what_rows_differ_in():
    text = shown(aggregate([result(0.5), result(0.5, method="cb")]))
    lines = [line.split() for line in text.splitlines()[1:4]]
    assert (lines[0][3], lines[1][2], lines[2][2]) == ("method", "cb", "ce")
