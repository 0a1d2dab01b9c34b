from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.reports.summary import (
    compare_results,
    imbalance_ratio,
    summarise_scores,
    summarise_set,
    summarise_subset,
)

COUNTS = (20, 10, 6, 2)
"""Of classes a and b (head), c (middle), d (tail)."""


def index_of(counts: tuple[int, ...] = COUNTS) -> lp.SampleIndex:
    n = sum(counts)
    return lp.SampleIndex(
        name="by-hand",
        ids=np.arange(100, 100 + n, dtype=np.uint64),
        labels=np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts)),
        class_names=tuple("abcdef"[: len(counts)]),
        groups=(2, 3),
        source="npz:by-hand.npz",
        source_size=50,
        source_index=np.arange(n)[::-1].copy(),
        built={"profile": "none"},
    )


def subset_keeping(kept: tuple[int, ...], counts: tuple[int, ...] = COUNTS, **options) -> lp.Subset:
    """A subset that keeps so many samples of each class."""
    index = index_of(counts)
    mask = np.zeros(index.n_samples, bool)
    for c, n in enumerate(kept):
        mask[np.flatnonzero(index.labels == c)[:n]] = True
    ratio = 1 - sum(kept) / sum(counts)
    return lp.Subset(index=index, kept=mask, strategy="random", ratio=ratio, options={"seed": 0, **options})


@pytest.fixture
def scores() -> lp.ScoreSet:
    index = index_of()
    random = np.random.default_rng(1)
    return lp.ScoreSet(
        index=index,
        metrics={
            name: lp.MetricScores(
                per_member=random.random((3, 38), dtype=np.float32), higher_is_harder=higher, equation=f"of {name}"
            )
            for name, higher in (("avh", True), ("margin", False))
        },
        seeds=(1, 2, 3),
        train_accuracy=np.array([0.25, 0.5, 0.75]),
        seconds=np.array([1.0, 2.0, 4.0]),
        recipe=lp.Recipe(epochs=7),
        versions={"torch": "2"},
    )


def result(subset: str | None, counts: tuple[int, ...], seconds: float, **evaluation) -> lp.TrainResult:
    accuracies = {"overall": 0.5, "balanced": 0.4, "head": 0.7, "middle": 0.3, "tail": 0.1, "ece": 0.2, **evaluation}
    return lp.TrainResult(
        spec=lp.TrainSpec(name="by-hand", data_digest="0", method="ce", recipe=lp.Recipe(), seed=0),
        data=None,
        subset=subset,
        n_train=sum(counts),
        class_counts=counts,
        evaluation=lp.Evaluation(per_class=(0.5,) * 4, n_test=40, macro_f1=0.5, confusion=(), **accuracies),
        loss=(1.0,),
        seconds=seconds,
        versions={},
    )


def as_json(summary: object) -> object:
    """What another program reads; NaN and infinity, which JSON has not, are refused."""
    return json.loads(json.dumps(summary, allow_nan=False))


def test_imbalance_is_largest_over_smallest():
    assert imbalance_ratio(np.array([3, 12, 4])) == 4


def test_imbalance_with_an_empty_class_is_none():
    assert imbalance_ratio(np.array([3, 0, 4])) is None


def test_a_set_says_its_sizes_and_classes(blobs):
    data = blobs()
    summary = summarise_set(data)
    assert (summary["name"], summary["n_samples"], summary["n_test"]) == ("blobs", 45, 40)
    assert (summary["shape"], summary["imbalance"]) == ([8, 8, 3], 8)
    assert [row["count"] for row in summary["classes"]] == [24, 12, 6, 3]
    assert [row["group"] for row in summary["classes"]] == ["head", "head", "middle", "tail"]
    assert summary["data_digest"] == data.index.digest
    assert as_json(summary) == summary


def test_scores_say_their_ensemble(scores):
    summary = summarise_scores(scores, "avh")
    assert (summary["n_samples"], summary["members"], summary["seconds"]) == (38, 3, 7)
    assert (summary["metrics"], summary["metric"], summary["higher_is_harder"]) == (["avh", "margin"], "avh", True)
    assert (summary["train_accuracy"], summary["recipe"]["epochs"]) == ([0.25, 0.5, 0.75], 7)
    assert (summary["equation"], summary["arithmetic"]) == ("of avh", ["fp32 on cpu"] * 3)
    assert as_json(summary) == summary


def test_scores_are_summarised_by_their_mean_and_std_over_members(scores):
    values = scores.metric("avh").per_member.astype(float)
    summary = summarise_scores(scores, "avh")
    assert summary["mean"] == pytest.approx(values.mean(), rel=1e-6)
    assert summary["std"] == pytest.approx(values.std(0).mean(), rel=1e-6)


def test_class_means_are_over_the_classes_samples(scores):
    values = scores.metric("avh").per_member.astype(float).mean(0)
    for c, row in enumerate(summarise_scores(scores, "avh")["classes"]):
        assert row["mean"] == pytest.approx(values[scores.index.labels == c].mean(), rel=1e-6)
        assert row["count"] == COUNTS[c]


def test_the_histogram_counts_every_sample_once(scores):
    values = scores.metric("avh").per_member.astype(float).mean(0)
    histogram = summarise_scores(scores, "avh")["histogram"]
    edges, counts = histogram["edges"], histogram["counts"]
    assert sum(counts) == 38
    assert counts[:-1] == [sum(low <= value < high for value in values) for low, high in pairwise(edges)][:-1]


@pytest.mark.parametrize("metric", ["avh", "margin"])
def test_hardest_and_easiest_follow_the_end_that_is_hard(scores, metric):
    values = scores.metric(metric).per_member.astype(float).mean(0)
    by_id = dict(zip(scores.index.ids.tolist(), values))
    rising = sorted(by_id, key=by_id.get)
    hardest_first = rising[::-1] if metric == "avh" else rising
    summary = summarise_scores(scores, metric, extremes=5)
    assert [int(row["id"], 16) for row in summary["hardest"]] == hardest_first[:5]
    assert [int(row["id"], 16) for row in summary["easiest"]] == hardest_first[::-1][:5]


def test_a_sample_is_named_by_id_source_index_class_and_score(scores):
    row = summarise_scores(scores, "avh", extremes=1)["hardest"][0]
    i = int(row["id"], 16) - 100
    values = scores.metric("avh").per_member[:, i].astype(float)
    assert (row["source_index"], row["class"]) == (37 - i, "abcd"[scores.index.labels[i]])
    assert (row["score"], row["std"]) == pytest.approx((values.mean(), values.std()), rel=1e-5)
    assert "file" not in row


def test_a_sample_of_a_file_names_it(scores):
    named = replace(scores.index, file_names=tuple(f"train/{i}.png" for i in range(38)))
    row = summarise_scores(replace(scores, index=named), "avh", extremes=1)["easiest"][0]
    assert row["file"] == f"train/{int(row['id'], 16) - 100}.png"


def test_more_extremes_than_samples_are_all_samples(scores):
    assert len(summarise_scores(scores, "avh", extremes=1000)["hardest"]) == 38


def test_scores_that_are_all_equal_have_a_summary(scores):
    equal = {"avh": replace(scores.metric("avh"), per_member=np.full((3, 38), 0.1, np.float32))}
    summary = as_json(summarise_scores(replace(scores, metrics=equal), "avh"))
    assert sum(summary["histogram"]["counts"]) == 38
    assert summary["std"] == 0


def test_scores_that_are_all_but_equal_have_a_histogram(scores):
    near = np.float32(1.5) + np.arange(38, dtype=np.float32) % 3 * np.spacing(np.float32(1.5))
    alike = replace(scores.metric("avh"), per_member=near[None].repeat(len(scores.seeds), axis=0))
    summary = summarise_scores(replace(scores, metrics={"avh": alike}), "avh")
    assert sum(summary["histogram"]["counts"]) == 38
    assert [count for count in summary["histogram"]["counts"] if count] == [13, 13, 12]


def test_a_subset_says_what_was_kept_of_each_group_and_class():
    summary = summarise_subset(subset_keeping((8, 6, 5, 1)))
    assert (summary["n_before"], summary["n_kept"], summary["n_removed"]) == (38, 20, 18)
    assert summary["groups"] == {
        "head": {"classes": 2, "before": 30, "kept": 14},
        "middle": {"classes": 1, "before": 6, "kept": 5},
        "tail": {"classes": 1, "before": 2, "kept": 1},
    }
    assert [(row["class"], row["before"], row["kept"]) for row in summary["classes"]] == [
        ("a", 20, 8),
        ("b", 10, 6),
        ("c", 6, 5),
        ("d", 2, 1),
    ]
    assert (summary["imbalance_before"], summary["imbalance_after"]) == (10, 8)
    assert as_json(summary) == summary


def test_a_pruned_set_says_the_same_as_its_subset(blobs):
    subset = lp.prune(blobs(), ratio=0.45, strategy="class-random")
    summary = as_json(summarise_subset(subset))
    assert (summary["n_kept"], summary["n_removed"], summary["ratio_removed"]) == (25, 20, 0.45)
    assert [row["kept"] for row in summary["classes"]] == subset.kept_counts.tolist()
    assert summary["strategy"] == "class-random"


def test_an_emptied_class_leaves_a_summary_without_numbers_that_json_lacks():
    summary = summarise_subset(subset_keeping((20, 10, 6, 0)))
    assert summary["imbalance_after"] is None
    assert as_json(summary) == summary


def test_runs_are_compared_with_the_first():
    rows = compare_results(
        (result(None, (20, 10, 6, 2), 8.0), result("avh 0.45", (10, 4, 6, 1), 6.0, overall=0.6, tail=None, ece=0.05))
    )
    assert [row["trained_on"] for row in rows] == ["whole set", "avh 0.45"]
    assert [row["n_kept"] for row in rows] == [38, 21]
    assert [row["min_class_retention"] for row in rows] == [1, 0.4]
    assert [row["time_saved"] for row in rows] == [0, 0.25]
    assert [(row["overall"], row["tail"], row["ece"]) for row in rows] == [(0.5, 0.1, 0.2), (0.6, None, 0.05)]
    assert as_json(rows) == rows
