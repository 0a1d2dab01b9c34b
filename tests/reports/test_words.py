"""What rows say of how they are compared and ranked, in `aggregate` and in the table."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

import lt_prune as lp
from lt_prune.reports.aggregate import aggregate
from lt_prune.reports.tables import results_table

PLAN: dict[str, Any] = {
    "name": "digits-lt10",
    "data_digest": "0",
    "method": "ce",
    "recipe": lp.Recipe(epochs=60),
    "seed": 0,
}
RANDOM = {"strategy": "random"}
AVH = {"strategy": "ranked", "metric": "avh", "keep": "hard", "within": "set", "ratio": 0.5}


def planned(**changes: Any) -> lp.PlannedRun:
    return lp.PlannedRun(spec=lp.TrainSpec(**{**PLAN, **changes}))


def at_steps(ratio: float, epochs: int, seed: int = 0) -> lp.PlannedRun:
    recipe = lp.Recipe(epochs=epochs, warmup=round(5 * epochs / 60))
    return planned(**RANDOM, ratio=ratio, recipe=recipe, equal="steps", unscaled={"epochs": 60, "warmup": 5}, seed=seed)


def ranked(seed: int, ensemble: int | None) -> lp.PlannedRun:
    return planned(**AVH, seed=seed, ensemble=ensemble)


def shown(runs: list[lp.PlannedRun]) -> str:
    memory = io.StringIO()
    Console(file=memory, width=200, color_system=None).print(results_table(aggregate(runs)))
    return memory.getvalue()


def test_what_was_scaled_is_no_difference_between_rows():
    """Nor between seeds, whose random subsets can differ in their steps."""
    rows = aggregate([planned(), at_steps(0.3, 80), at_steps(0.5, 120), at_steps(0.5, 115, seed=1)])
    assert [(row["ratio"], row["missing"], row["settings"]) for row in rows] == [(0, 1, ""), (0.3, 1, ""), (0.5, 2, "")]
    assert [(row["equal"], row["epochs"], row["stage2_epochs"]) for row in rows] == [
        (None, 60, None),
        ("steps", 60, None),
        ("steps", 60, None),
    ]


def test_other_epochs_asked_for_are_a_difference():
    other = planned(**RANDOM, ratio=0.5, recipe=lp.Recipe(epochs=60), equal="steps", unscaled={"epochs": 30})
    assert [row["settings"] for row in aggregate([at_steps(0.5, 120), other])] == ["epochs=30", "epochs=60"]


def test_epochs_and_steps_are_separate_rows():
    runs = [planned(), planned(**RANDOM, ratio=0.5), at_steps(0.5, 60)]
    assert [row["equal"] for row in aggregate(runs)] == [None, "epochs", "steps"]
    lines = shown(runs).splitlines()
    assert "at equal" not in lines[0]
    assert [line.split()[2] for line in lines[2:5]] == ["both", "epochs", "steps"]


def test_a_table_says_what_is_equal():
    assert "at equal epochs" in shown([planned()]).splitlines()[0]
    assert "at equal epochs" in shown([planned(), planned(**RANDOM, ratio=0.5)]).splitlines()[0]
    assert "at equal steps" in shown([planned(), at_steps(0.5, 120)]).splitlines()[0]


def test_a_table_says_whether_the_seeds_share_an_ensemble():
    assert "ranked by" not in shown([planned(**RANDOM, ratio=0.5, seed=seed) for seed in (0, 1)])
    assert "ranked by one ensemble for all seeds" in shown([ranked(seed, 0) for seed in (0, 1)])
    assert "ranked by an ensemble a seed" in shown([ranked(seed, seed) for seed in (0, 1)])
    assert "ranked by one ensemble\n" in shown([ranked(0, 0)]).replace(" \n", "\n").replace(" \n", "\n")
    assert "ranked by" not in shown([ranked(seed, None) for seed in (0, 1)])


def test_both_kinds_of_ensembles_are_separate_rows_that_share_a_run():
    runs = [ranked(0, 0), ranked(1, 0), ranked(2, 0), ranked(1, 1), ranked(2, 2)]
    rows = aggregate(runs)
    assert [(row["missing"], row["ensembles"]) for row in rows] == [(3, 1), (3, 3)]
    assert [line.split()[2] for line in shown(runs).splitlines()[2:4]] == ["1", "3"]


def test_rows_count_their_ensembles():
    rows = aggregate([planned(), planned(**RANDOM, ratio=0.5), ranked(0, None), ranked(1, None)])
    assert [(row["strategy"], row["ensembles"]) for row in rows] == [(None, 0), ("random", 0), ("ranked", None)]
