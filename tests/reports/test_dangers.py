from __future__ import annotations

import math

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.reports.dangers import STEADY, ranking_dangers, subset_dangers


def subset_of(counts: tuple[int, ...], kept: tuple[int, ...]) -> lp.Subset:
    """Of classes a, b, ...; a is head, the last is tail, the others are middle."""
    n = sum(counts)
    index = lp.SampleIndex(
        name="by-hand",
        ids=np.arange(n, dtype=np.uint64),
        labels=np.repeat(np.arange(len(counts)), counts),
        class_names=tuple("abcdefgh"[: len(counts)]),
        groups=(1, len(counts) - 1),
        source="npz:by-hand.npz",
        source_size=n,
        source_index=np.arange(n),
    )
    mask = np.concatenate([np.arange(count) < left for count, left in zip(counts, kept)])
    return lp.Subset(index=index, kept=mask, strategy="random", ratio=0.5, options={"seed": 0})


def test_a_pruning_without_dangers_has_none():
    assert subset_dangers(subset_of((40, 20, 10), (20, 10, 5)), {"in_test": [], "two_labels": []}) == []


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        ((20, 10, 4), ["1 class has fewer than 5 samples left: class 'c' has 4 of 10"]),
        ((20, 3, 2), ["2 classes have fewer than 5 samples left: class 'c' has 2 of 10"]),
        ((20, 10, 5), []),
    ],
)
def test_classes_of_fewer_than_five_samples(kept, says):
    assert [each for each in subset_dangers(subset_of((40, 20, 10), kept), {}) if "fewer than" in each] == says


def test_a_class_that_was_empty_before_is_none_of_the_pruning():
    assert subset_dangers(subset_of((40, 20, 0, 20), (20, 10, 0, 10)), {}) == []


@pytest.mark.parametrize(("tail", "told"), [(11, True), (12, True), (13, False), (20, False)])
def test_a_tail_whose_share_is_halved(tail, told):
    """20 of 100 before; 12 of 120 are half of that share."""
    found = subset_dangers(subset_of((90, 70, 40), (60, 48, tail)), {})
    assert bool(found) is told
    if tail == 12:
        assert found == ["the tail has half of its share of the samples, or less: 10.0% after the pruning, 20.0% before"]


def test_copies_are_counted_and_one_is_named():
    copies = {
        "in_test": [{"id": "0" * 16, "file": "a.png", "of": {"test_index": 7, "file": None}, "similarity": None}, {}],
        "two_labels": [{"id": "2" * 16, "file": None, "of": {"id": "3" * 16, "file": None}, "similarity": None}],
    }
    assert subset_dangers(subset_of((40, 20, 10), (20, 10, 5)), copies) == [
        "2 of the samples kept are exact copies of test samples, such as a.png (of test sample 7)",
        f"1 of the samples kept are exact copies of one another under two labels, such as {'2' * 16} (of {'3' * 16})",
    ]


def test_a_ranking_that_is_not_steady():
    assert ranking_dangers("avh", 10, 0.95) == []
    assert ranking_dangers("avh", 4, 0.753) == [
        "the ranking by avh is not steady: two halves of the 4 members correlate by 0.75, below 0.9; score by more members, "
        "or for more epochs"
    ]
    assert ranking_dangers("avh", 4, None) == ["avh ranks nothing: by a half of the 4 members all samples are alike"]
    assert ranking_dangers("avh", 1, None) == [
        "avh is by one member: nothing tells how far its ranking is chance; score by two or more"
    ]


def test_the_threshold_is_where_one_in_seven_kept_would_be_another():
    """Of two normal variables of correlation r, by drawing them."""
    random = np.random.default_rng(0)
    one, noise = random.normal(size=(2, 400_000))
    other = STEADY * one + math.sqrt(1 - STEADY**2) * noise
    both = ((one > 0) & (other > 0)).mean() / 0.5
    assert both == pytest.approx(1 - 1 / 7, abs=0.005)
