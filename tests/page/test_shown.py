"""Which samples a page shows of more than it can hold."""

from __future__ import annotations

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.page.shown import shown_rows

COUNTS = np.array([600, 100, 20, 3])
N = int(COUNTS.sum())


@pytest.fixture
def index() -> lp.SampleIndex:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(4), COUNTS))
    return lp.SampleIndex(
        name="by-hand",
        ids=np.arange(N, dtype=np.uint64) * np.uint64(2**40),
        labels=labels,
        class_names=("a", "b", "c", "d"),
        groups=(1, 3),
        source="npz:by-hand.npz",
        source_size=N,
        source_index=np.arange(N),
    )


def test_all_are_shown_class_by_class_where_they_fit(index):
    shown = shown_rows(index, None, None, most=N)
    assert shown.said == ""
    assert sorted(shown.rows.tolist()) == list(range(N))
    assert (np.diff(index.labels[shown.rows]) >= 0).all()


def test_of_more_each_class_has_the_same_most(index):
    shown = shown_rows(index, np.arange(N), np.arange(N) % 2 == 0, most=223)
    assert np.bincount(index.labels[shown.rows]).tolist() == [100, 100, 20, 3]
    assert len(set(shown.rows.tolist())) == 223
    assert shown.said.startswith("223 of 723 samples are shown here, up to 100 of each class: a fifth each the hardest and")


def test_hardest_and_easiest_of_what_is_kept_and_removed_are_among_them(index):
    difficulty, kept = np.random.default_rng(1).random(N), np.random.default_rng(2).random(N) < 0.5
    rows = set(shown_rows(index, difficulty, kept, most=223).rows.tolist())
    of_class = np.flatnonzero(index.labels == 0)
    for part in (of_class[kept[of_class]], of_class[~kept[of_class]]):
        ranked = part[np.argsort(difficulty[part])]
        assert set(ranked[:20].tolist()) <= rows
        assert set(ranked[-20:].tolist()) <= rows


@pytest.mark.parametrize(
    ("scored", "pruned", "words"),
    [
        (True, False, "a third each the hardest and the easiest, and the rest drawn by their ids"),
        (False, True, "a fifth each of those kept and of those removed"),
        (False, False, "up to 100 of each class: drawn by their ids"),
    ],
)
def test_what_is_not_known_is_not_chosen_by(index, scored, pruned, words):
    difficulty, kept = np.arange(N) if scored else None, np.arange(N) % 3 > 0 if pruned else None
    shown = shown_rows(index, difficulty, kept, most=223)
    assert np.bincount(index.labels[shown.rows]).tolist() == [100, 100, 20, 3]
    assert words in shown.said


def test_a_class_keeps_one_however_few_are_shown(index):
    assert np.bincount(index.labels[shown_rows(index, None, None, most=2).rows]).tolist() == [1, 1, 1, 1]
