from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.data.holdout import held_out

SHARES = st.sampled_from([0.05, 0.2, 0.5, 0.9])


def different(counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and a digest of its own for each sample."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return labels, np.random.default_rng(0).permutation(len(labels)).astype(np.uint64) * np.uint64(7919)


def per_class(labels: np.ndarray, chosen: np.ndarray, n: int) -> list[int]:
    return np.bincount(labels[chosen], minlength=n).tolist()


@pytest.mark.parametrize(
    ("share", "expected"), [(0.2, [20, 10, 1, 1, 1, 0]), (0.5, [50, 26, 2, 2, 1, 0]), (0.9, [90, 47, 4, 2, 1, 0])]
)
def test_each_class_gives_its_share_and_at_least_one_of_two(share, expected):
    labels, pictures = different([100, 52, 5, 3, 2, 1])
    assert per_class(labels, held_out(labels, pictures, share, 0), 6) == expected


def test_nothing_is_held_out_at_0():
    assert not held_out(*different([100, 5]), 0.0, 0).any()


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(57)), SHARES, st.integers(0, 3))
def test_the_choice_is_of_content_and_not_of_order(order, share, seed):
    labels, pictures = different([40, 12, 5])
    pictures[:6] = pictures[0]
    chosen = held_out(labels, pictures, share, seed)
    again = held_out(labels[order], pictures[order], share, seed)
    assert np.array_equal(again, chosen[order])


def test_another_seed_holds_out_others():
    labels, pictures = different([100, 50])
    assert not np.array_equal(held_out(labels, pictures, 0.2, 0), held_out(labels, pictures, 0.2, 1))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=60), SHARES, st.integers(0, 9))
def test_copies_are_never_on_both_sides_and_no_class_is_emptied(samples, share, seed):
    labels, pictures = (np.array(part) for part in zip(*samples))
    chosen = held_out(labels, pictures.astype(np.uint64), share, seed)
    assert not set(pictures[chosen]) & set(pictures[~chosen])
    assert set(labels[~chosen]) == set(labels)


def test_a_class_of_copies_gives_whole_pictures():
    labels = np.zeros(12, np.int64)
    pictures = np.repeat(np.arange(4, dtype=np.uint64), 3)
    assert held_out(labels, pictures, 0.3, 0).sum() == 3  # of the 4 that are wanted
    assert held_out(labels, pictures, 0.1, 0).sum() == 3  # one picture, as there are others
    assert held_out(labels[:3], pictures[:3], 0.5, 0).sum() == 0  # all of one picture
