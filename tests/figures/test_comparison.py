from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure

import lt_prune as lp
from lt_prune.figures.comparison import comparison_figure


def result(counts: tuple[int, ...], tail: float, **changes: Any) -> lp.TrainResult:
    evaluation = lp.Evaluation(
        overall=0.5,
        balanced=0.5,
        head=0.75,
        middle=0.5,
        tail=tail,
        per_class=(),
        ece=0.1,
        macro_f1=0.4,
        confusion=lp.Confusion(num_classes=1, true=(0,), predicted=(0,), count=(4,)),
        n_test=4,
    )
    named = {"name": "blobs", "data_digest": "0", "method": "ce", "recipe": lp.Recipe(epochs=60), "seed": 3}
    known = {"data": None, "class_counts": counts, "n_train": sum(counts), "loss": (), "seconds": 1.0, "versions": {}}
    spec = lp.TrainSpec(**{**named, **changes})
    return lp.TrainResult(spec=spec, subset="a 0.45" if spec.strategy else None, evaluation=evaluation, **known)


@pytest.fixture
def figure(monkeypatch) -> Figure:
    kept: list[Figure] = []
    monkeypatch.setattr("lt_prune.figures.comparison.as_file", lambda figure, format: kept.append(figure) or b"")
    whole, pruned = result((20, 100, 4), 0.25), result((20, 43, 0), 0.0, strategy="ranked", metric="avh", ratio=0.45)
    comparison_figure("blobs", (whole, pruned))
    return kept[0]


def test_the_title_says_epochs_seed_and_runs_and_that_there_is_no_deviation(figure):
    said = " ".join(figure.get_suptitle().split())
    for part in ("at equal epochs", "60 epochs", "seed 3", "one run a bar (2 in all), so no deviation"):
        assert part in said


def test_the_legend_tells_what_was_removed_in_percent(figure):
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["whole set (124)", "avh, 45% removed (63)"]


def test_a_zero_is_marked_as_one(figure):
    assert [text.get_text() for text in figure.axes[0].texts] == ["0"]
    assert figure.axes[0].get_ylim() == (0, 100)


def test_counts_of_each_class_are_shown_of_each_training_set(figure):
    whole, pruned = (line.get_ydata().tolist() for line in figure.axes[1].lines)
    assert (whole, pruned) == ([100, 20, 4], [43, 20, 0])
    assert figure.axes[1].get_ylim()[0] == 0
