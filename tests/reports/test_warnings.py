from __future__ import annotations

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.reports.warnings import comparison_warnings, results_warnings, score_warnings, subset_warnings


def index_of(counts: tuple[int, ...], groups: tuple[int, int] = (2, 3)) -> lp.SampleIndex:
    """Classes a, b, ...; by default a and b are head, c is middle and the rest tail."""
    n = sum(counts)
    return lp.SampleIndex(
        name="by-hand",
        ids=np.arange(n, dtype=np.uint64),
        labels=np.repeat(np.arange(len(counts)), counts),
        class_names=tuple("abcdefgh"[: len(counts)]),
        groups=groups,
        source="npz:by-hand.npz",
        source_size=n,
        source_index=np.arange(n),
    )


def warned(counts: tuple[int, ...], kept: tuple[int, ...], ratio: float | None = None) -> list[str]:
    """Warnings of a subset that keeps so many samples of each class; by default its ratio is what was removed."""
    index = index_of(counts)
    mask = np.concatenate([np.arange(count) < n for count, n in zip(counts, kept)])
    removed = 1 - sum(kept) / sum(counts)
    return subset_warnings(
        lp.Subset(index=index, kept=mask, strategy="random", ratio=removed if ratio is None else ratio, options={"seed": 0})
    )


def scores_of(counts: tuple[int, ...], accuracy: list[float]) -> lp.ScoreSet:
    return lp.ScoreSet(
        index=index_of(counts),
        metrics={},
        seeds=tuple(range(len(accuracy))),
        train_accuracy=np.array(accuracy),
        seconds=np.zeros(len(accuracy)),
        recipe=lp.Recipe(),
        versions={},
    )


def result(subset: str | None = None, metric: str | None = None, n_test: int = 1000, **accuracies: float) -> lp.TrainResult:
    """A run on the whole set, or on a subset by the strategy that its label begins with."""
    known = {"overall": 0.5, "balanced": 0.5, "head": 0.5, "middle": 0.5, "tail": 0.5, **accuracies}
    strategy = ("ranked" if metric else subset.split()[0]) if subset else None
    spec = lp.TrainSpec(name="x", data_digest="0", method="ce", recipe=lp.Recipe(), seed=0, strategy=strategy, metric=metric)
    return lp.TrainResult(
        spec=spec,
        data=None,
        subset=subset,
        n_train=1,
        class_counts=(1,),
        evaluation=lp.Evaluation(per_class=(), n_test=n_test, macro_f1=0.5, confusion=(), ece=0, **known),
        loss=(),
        seconds=1.0,
        versions={},
    )


# Members that have learned nothing


def test_members_that_name_little_more_than_the_largest_class_are_told():
    assert score_warnings(scores_of((60, 20, 10, 10), [0.6, 0.61, 0.9])) == [
        "2 of 3 members learned next to nothing: 60.0% to 61.0% of the training samples are right, and the largest class "
        "alone is 60.0% of them; score for more epochs before ranking by this"
    ]


@pytest.mark.parametrize(("accuracy", "told"), [(0.25, True), (0.1, True), (0.32, True), (0.33, False), (1.0, False)])
def test_a_tenth_of_the_way_to_being_right_is_something(accuracy, told):
    assert bool(score_warnings(scores_of((25, 25, 25, 25), [accuracy]))) is told


def test_score_and_prune_warn_of_them(blobs, in_tmp):
    options = {"members": 1, "epochs": 1, "model": "resnet8", "lr": 1e-9, "compute": lp.Compute(device="cpu")}
    with pytest.warns(lp.DecisionWarning, match="^the member learned next to nothing: "):
        scores = lp.score(blobs(), **options)
    with pytest.warns(lp.DecisionWarning, match="^the member learned next to nothing: "):
        lp.prune(scores=scores, ratio=0.1)


# Classes that lose too much


def test_the_tail_against_the_head():
    assert warned((500, 500, 100, 100), (450, 450, 80, 60), ratio=0.5) == [
        "the tail lost more than the head: 40.0% of its samples against 10.0%"
    ]


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ((1000, 1000, 500, 500), (600, 600, 300, 299)),  # 40.2% against 40.0%
        ((1000, 1000, 500, 335), (600, 600, 300, 200)),  # 40.3% against 40.0%, of 134 samples
        ((1000, 1000, 500, 30, 30, 30), (555, 555, 277, 16, 16, 16)),  # each class rounded by itself: 46.7 against 44.5 %
        ((20, 10, 6, 2), (18, 9, 6, 1)),  # one sample of two
        ((20, 10, 6, 2), (10, 5, 3, 1)),
        ((20, 10, 6, 2), (20, 10, 6, 2)),
    ],
)
def test_what_one_sample_a_class_explains_is_no_difference(counts, kept):
    assert not [warning for warning in warned(counts, kept, ratio=0.5) if "than the head" in warning]


def test_tail_classes_that_lost_more_than_was_asked():
    assert warned((500, 500, 100, 100, 100), (300, 300, 100, 100, 50), ratio=0.3) == [
        "1 of 2 tail classes lost a larger share than the 30.0% asked for: class 'e' lost 50 of 100"
    ]


def test_a_tail_class_may_lose_a_sample_more_than_its_share():
    assert not [each for each in warned((500, 500, 100, 30), (300, 300, 55, 16), ratio=0.45) if "asked for" in each]


def test_a_class_of_20_that_loses_9_is_told():
    assert warned((200, 100, 50, 20), (110, 55, 27, 11), ratio=0.45) == [
        "1 of 4 classes have at most 20 samples and lose 40% of them or more: class 'd' loses 9 of 20"
    ]


@pytest.mark.parametrize(("count", "kept"), [(20, 13), (21, 11), (2, 1), (1, 1)])
def test_fewer_of_few_or_nearly_half_of_more_is_not(count, kept):
    assert not [each for each in warned((200, 100, 50, count), (110, 55, 27, kept), 0.5) if "at most 20" in each]


def test_classes_that_are_nearly_gone():
    assert warned((100, 50, 20, 10), (9, 50, 1, 10)) == [
        "2 of 4 classes keep less than a tenth of their samples: class 'c' keeps 1 of 20"
    ]
    assert warned((100, 50, 20, 10), (10, 50, 20, 10)) == []


def test_prune_warns_and_still_answers(blobs):
    with pytest.warns(
        lp.DecisionWarning, match="^1 of 4 classes have at most 20 samples and lose 40% of them or more: class 'class2'"
    ):
        subset = lp.prune(blobs((40, 30, 20, 1), groups=(2, 3)), strategy="class-random", ratio=0.45)
    assert subset.kept_counts.tolist()[2] == 11


# Runs that cannot be compared


def test_a_group_that_no_run_recognises():
    runs = [result(tail=0.0, middle=0.0), result("random 0.5", tail=0.0, middle=0.0)]
    assert comparison_warnings(runs) == ["middle and tail are at 0% in every row: these runs are too short to compare"]


@pytest.mark.parametrize("tails", [(0.0, 0.1), (None, None)])
def test_a_group_that_one_run_recognises_or_that_has_no_test_sample_is_none(tails):
    assert comparison_warnings([result(tail=tails[0]), result("random 0.5", tail=tails[1])]) == []


def test_rows_of_each_set_are_looked_at_for_themselves():
    row = {"head_mean": 0.5, "middle_mean": 0.2, "tail_mean": 0.0}
    rows = [{"name": "a", **row}, {"name": "b", **row}, {"name": "b", **row, "tail_mean": 0.1}]
    assert results_warnings(rows) == ["a: tail is at 0% in every row: these runs are too short to compare"]
    assert results_warnings([{"name": "a", "head_mean": None, "middle_mean": None, "tail_mean": None}]) == []


def test_a_ranking_that_random_pruning_beats():
    runs = [result(), result("random 0.45", balanced=0.868), result("avh 0.45", "avh", balanced=0.766)]
    assert comparison_warnings(runs) == ["avh 0.45 is worse than random 0.45 here: 76.6% balanced accuracy against 86.8%"]


@pytest.mark.parametrize(("ours", "n_test"), [(0.87, 1000), (0.861, 1000), (0.84, 20)])
def test_one_test_sample_or_a_hundredth_is_no_defeat(ours, n_test):
    runs = [result(), result("random 0.45", balanced=0.868, n_test=n_test)]
    assert comparison_warnings([*runs, result("avh 0.45", "avh", balanced=ours, n_test=n_test)]) == []


def test_run_warns_of_its_subsets_and_of_its_table(blobs, in_tmp):
    with pytest.warns(lp.DecisionWarning, match="random 0.45: ") as given:
        done = lp.run(
            blobs((30, 20, 20)), epochs=1, members=1, score_epochs=1, model="resnet8", compute=lp.Compute(device="cpu")
        )
    said = [str(warning.message) for warning in given if warning.filename == __file__]
    assert any(line.startswith("class-random 0.45: 2 of 3 classes have at most 20 samples and lose 40% ") for line in said)
    assert set(comparison_warnings(done.results)) <= set(said)


def test_scores_and_a_subset_are_warned_of_where_they_were_asked_for(blobs, monkeypatch):
    for step in ("score", "prune"):
        monkeypatch.setattr(f"lt_prune.steps.{step}.score_warnings", lambda scores: ["of scores"])
    with pytest.warns(lp.DecisionWarning, match="^of scores$") as given:
        scores = lp.score(blobs(), members=1, epochs=1, model="resnet8", compute=lp.Compute(device="cpu"))
    with pytest.warns(lp.DecisionWarning, match="^of scores$") as given_then:
        lp.prune(blobs(), scores=scores, ratio=0.3)
    assert {warning.filename for warning in (*given, *given_then)} == {__file__}


@pytest.mark.slow
def test_a_sweep_warns_of_its_rows(blobs, in_tmp, monkeypatch):
    monkeypatch.setattr("lt_prune.steps.sweep.results_warnings", lambda rows: [f"{len(rows)} rows"])
    with pytest.warns(lp.DecisionWarning, match="^2 rows$") as given:
        lp.sweep(
            blobs(),
            lp.Grid(strategies=["random"], ratios=[0.3], seeds=[0, 1]),
            epochs=1,
            model="resnet8",
            compute=lp.Compute(device="cpu"),
        )
    assert [warning.filename for warning in given] == [__file__]
