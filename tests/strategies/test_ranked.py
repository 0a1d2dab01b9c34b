from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune import budgets
from lt_prune.budgets.proportional import proportional
from lt_prune.strategies import Request
from lt_prune.strategies.presets import ranked


def ask(draw: int, counts: list[int], n_remove: int, **more) -> Request:
    """Samples in a shuffled order, with ties among their difficulties."""
    random = np.random.default_rng(draw)
    n = sum(counts)
    return Request(
        ids=random.choice(10**6, n, replace=False).astype(np.uint64),
        labels=random.permutation(np.repeat(np.arange(len(counts)), counts)),
        n_classes=len(counts),
        n_remove=n_remove,
        difficulty=random.integers(-5, 5, n).astype(np.float32),
        **more,
    )


def by_removal(request: Request) -> list[int]:
    """Rows, the first to go first."""
    sign = 1 if request.keep == "hard" else -1
    return sorted(range(len(request.ids)), key=lambda i: (sign * float(request.difficulty[i]), int(request.ids[i])))


def removed(request: Request) -> set[int]:
    return set(np.flatnonzero(~ranked(request)).tolist())


@given(
    st.integers(0, 999),
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.floats(0, 1),
    st.sampled_from(["hard", "easy"]),
)
@settings(max_examples=60, deadline=None)
def test_within_the_set_the_first_in_order_go(draw, counts, share, keep):
    n_remove = round(share * sum(counts))
    request = ask(draw, counts, n_remove, keep=keep, allow_empty_class=True)
    assert removed(request) == set(by_removal(request)[:n_remove])


@given(
    st.integers(0, 999),
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.floats(0, 1),
    st.sampled_from(["hard", "easy"]),
)
@settings(max_examples=60, deadline=None)
def test_within_the_set_a_walk_down_the_order_passes_over_the_last_of_a_class(draw, counts, share, keep):
    n_remove = round(share * (sum(counts) - len(counts)))
    request = ask(draw, counts, n_remove, keep=keep)
    left, expected = Counter(request.labels.tolist()), set()
    for i in by_removal(request):
        if len(expected) < n_remove and left[request.labels[i]] > 1:
            left[request.labels[i]] -= 1
            expected.add(i)
    assert removed(request) == expected


@given(
    st.integers(0, 999),
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.floats(0, 1),
    st.sampled_from(["hard", "easy"]),
)
@settings(max_examples=60, deadline=None)
def test_within_class_the_first_in_each_class_go(draw, counts, share, keep):
    n_remove = round(share * (sum(counts) - len(counts)))
    request = ask(draw, counts, n_remove, keep=keep, within="class")
    expected = set()
    asked = budgets.Request(labels=request.labels, n_classes=len(counts), n_keep=sum(counts) - n_remove)
    for c, quota in enumerate(np.array(counts) - proportional.function(asked)):
        expected |= set([i for i in by_removal(request) if request.labels[i] == c][:quota])
    assert removed(request) == expected


def five(**more) -> Request:
    return Request(
        ids=np.array([50, 40, 30, 20, 10], dtype=np.uint64),
        labels=np.array([0, 0, 0, 1, 1]),
        n_classes=2,
        n_remove=2,
        **{"difficulty": np.array([0.1, 0.2, 0.9, 0.3, 0.8]), **more},
    )


def test_the_easiest_go_by_default():
    assert removed(five()) == {0, 1}


def test_the_hardest_go_where_the_easy_are_kept():
    assert removed(five(keep="easy")) == {2, 4}


def test_within_class_each_class_loses_its_easiest():
    assert removed(five(within="class")) == {0, 3}


def test_within_class_each_class_loses_its_hardest_where_the_easy_are_kept():
    assert removed(five(within="class", keep="easy")) == {2, 4}


@pytest.mark.parametrize("keep", ["hard", "easy"])
def test_of_equal_samples_those_with_the_lowest_ids_go(keep):
    assert removed(five(difficulty=np.full(5, 0.5), keep=keep, allow_empty_class=True)) == {3, 4}


def test_difficulty_that_is_not_positive_ranks_as_well():
    assert removed(five(difficulty=np.array([0.0, -3, -1, -2, 5]), keep="hard")) == {1, 3}


def test_the_hardest_of_a_class_is_the_one_that_stays():
    request = five(difficulty=np.array([5, 6, 7, 0.1, 0.2]))
    assert removed(request) == {0, 3}
