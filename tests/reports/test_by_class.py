from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

import lt_prune as lp
from lt_prune.reports.by_class import classes_audited, classes_compared, classes_pruned, classes_tested
from lt_prune.reports.tables import classes_pruned_table, classes_tested_table

COUNTS = (6, 24, 3, 12)
"""Of classes that do not come by their size."""


def shown(table: object) -> list[list[str]]:
    """The words of each line."""
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return [line.split() for line in capture.get().splitlines()]


@pytest.fixture
def subset(blobs) -> lp.Subset:
    data = blobs(COUNTS)
    kept = np.ones(45, bool)
    kept[np.flatnonzero(data.index.labels == 1)[:14]] = False
    kept[np.flatnonzero(data.index.labels == 2)[:1]] = False
    return lp.Subset(index=data.index, kept=kept, strategy="random", ratio=1 / 3, options={"seed": 0})


def evaluation(per_class: tuple[float | None, ...]) -> lp.Evaluation:
    known = dict.fromkeys(("overall", "balanced", "head", "middle", "tail", "ece", "macro_f1"), 0.5)
    return lp.Evaluation(per_class=per_class, confusion=(), n_test=40, **known)


def result(subset: str | None, class_counts: tuple[int, ...], per_class: tuple[float | None, ...]) -> lp.TrainResult:
    return lp.TrainResult(
        spec=lp.TrainSpec(name="x", data_digest="0", method="ce", recipe=lp.Recipe(), seed=0),
        data=None,
        subset=subset,
        n_train=sum(class_counts),
        class_counts=class_counts,
        evaluation=evaluation(per_class),
        loss=(),
        seconds=1.0,
        versions={},
    )


def test_classes_of_a_pruning_are_sorted_by_count(subset):
    rows = classes_pruned(subset)
    assert [row["class"] for row in rows] == ["class1", "class3", "class0", "class2"]
    assert [row["group"] for row in rows] == ["head", "head", "middle", "tail"]
    assert [(row["before"], row["kept"], row["removed"]) for row in rows] == [
        (24, 10, 14),
        (12, 12, 0),
        (6, 6, 0),
        (3, 2, 1),
    ]
    assert shown(classes_pruned_table(rows))[1] == ["class1", "head", "24", "10", "14", "58.3%"]


def test_accuracies_stand_beside_what_was_trained_on(subset):
    rows = classes_tested(subset.index, (6, 10, 2, 12), {"accuracy": evaluation((0.1, 0.2, None, 0.4))})
    assert [(row["class"], row["count"], row["accuracy"]["accuracy"]) for row in rows] == [
        ("class1", 10, 0.2),
        ("class3", 12, 0.4),
        ("class0", 6, 0.1),
        ("class2", 2, None),
    ]
    assert shown(classes_tested_table(rows))[-1] == ["class2", "tail", "2", "-"]


def test_runs_are_compared_class_by_class(subset):
    runs = (
        result(None, COUNTS, (0.1, 0.2, 0.3, 0.4)),
        result("random 0.3", (6, 10, 2, 12), (0.5, 0.6, None, 0.8)),
    )
    rows = classes_compared(subset.index, runs)
    assert rows[0] == {
        "class": "class1",
        "group": "head",
        "count": 24,
        "accuracy": {"whole set": 0.2, "random 0.3": 0.6},
        "kept": {"whole set": 24, "random 0.3": 10},
    }
    assert shown(classes_tested_table(rows))[3] == ["class1", "head", "24", "20.00", "(24)", "60.00", "(10)"]


def test_classes_of_several_prunings_stand_side_by_side(subset):
    other = lp.Subset(index=subset.index, kept=~subset.kept, strategy="random", ratio=2 / 3, options={"seed": 0})
    rows = classes_audited({"one": subset, "other": other}, {"avh": np.array([0.5, 0.25, np.nan, 1.0])})
    assert [(row["class"], row["group"], row["before"], row["kept"]) for row in rows] == [
        ("class1", "head", 24, {"one": 10, "other": 14}),
        ("class3", "head", 12, {"one": 12, "other": 0}),
        ("class0", "middle", 6, {"one": 6, "other": 0}),
        ("class2", "tail", 3, {"one": 2, "other": 1}),
    ]
    assert [row["mean"]["avh"] for row in rows[:3]] == [0.25, 1.0, 0.5]
