from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.data.identity import occurrences
from lt_prune.data.longtail import (
    exponential_counts,
    largest_possible,
    profile_counts,
    select_by_content,
    select_mislas,
    step_counts,
)
from lt_prune.errors import ArgumentError

CIFAR10_LT100 = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]


def test_cifar10_at_100_has_the_published_counts():
    counts = profile_counts("exp", 5000, 100, 10)
    assert counts.tolist() == CIFAR10_LT100
    assert counts.sum() == 12_406


def test_cifar100_at_100_has_the_published_total():
    counts = profile_counts("exp", 500, 100, 100)
    assert counts.sum() == 10_847
    assert (counts[0], counts[-1]) == (500, 5)


@pytest.mark.parametrize(("n_max", "n_classes"), [(5000, 10), (500, 100)])
@pytest.mark.parametrize("imbalance", [10, 50, 100])
def test_the_exponential_ends_at_the_largest_over_the_ratio(n_max, n_classes, imbalance):
    counts = profile_counts("exp", n_max, imbalance, n_classes)
    assert counts[0] == n_max
    assert counts[-1] == n_max // imbalance


@settings(max_examples=60, deadline=None)
@given(st.integers(100, 6000), st.integers(1, 100), st.integers(2, 100))
def test_exponential_counts_are_the_exact_floor(n_max, imbalance, n_classes):
    # n <= n_max * imbalance^(-c / (M - 1)) exactly where n^(M - 1) * imbalance^c <= n_max^(M - 1), in whole numbers.
    steps = n_classes - 1
    for c, n in enumerate(profile_counts("exp", n_max, imbalance, n_classes).tolist()):
        assert n**steps * imbalance**c <= n_max**steps < (n + 1) ** steps * imbalance**c


@pytest.mark.parametrize(
    ("n_max", "imbalance", "counts"),
    [(81, 81, [81, 27, 9, 3, 1]), (32, 32, [32, 16, 8, 4, 2, 1]), (98, 49, [98, 14, 2]), (147, 49, [147, 21, 3])],
)
def test_whole_products_are_not_floored_below_themselves(n_max, imbalance, counts):
    # In double precision, 32 * 32^(-4/5), 98 / 49 and 147 / 49 written as powers come out below 2, 2 and 3.
    assert profile_counts("exp", n_max, imbalance, len(counts)).tolist() == counts


def test_500_images_at_ratio_50_end_at_10():
    assert profile_counts("exp", 500, 50, 100)[-1] == 10


@pytest.mark.parametrize(("n_max", "imbalance", "few"), [(110, 1.1, 100), (121, 1.1, 110), (110, 2.2, 50)])
def test_whole_quotients_are_not_floored_below_themselves(n_max, imbalance, few):
    assert profile_counts("step", n_max, imbalance, 2).tolist() == [n_max, few]


def test_step_keeps_the_first_half_whole():
    assert profile_counts("step", 5000, 100, 10).tolist() == [5000] * 5 + [50] * 5


def test_step_of_an_odd_number_of_classes_keeps_the_smaller_half():
    assert profile_counts("step", 100, 10, 5).tolist() == [100, 100, 10, 10, 10]


@settings(max_examples=60, deadline=None)
@given(st.integers(100, 6000), st.integers(10, 1000))
def test_step_counts_are_the_exact_floor(n_max, tenths):
    # Ratios of one decimal, as exact fractions.
    few = profile_counts("step", n_max, tenths / 10, 4)[-1]
    assert few == math.floor(Fraction(n_max * 10, tenths))


@pytest.mark.parametrize(("profile", "counts"), [("exp", [7]), ("step", [1])])
def test_a_single_class_has_the_ends_of_the_profile(profile, counts):
    # The exponential begins with the largest class; the first half of one class is none.
    assert profile_counts(profile, 7, 5, 1).tolist() == counts


@pytest.mark.parametrize("profile", ["exp", "step"])
def test_a_ratio_of_1_is_balanced(profile):
    assert profile_counts(profile, 7, 1, 4).tolist() == [7, 7, 7, 7]


@pytest.mark.parametrize("imbalance", [math.nan, math.inf, -math.inf, 0.5, 0, -100])
@pytest.mark.parametrize("profile", ["exp", "step"])
def test_an_impossible_ratio_is_refused(profile, imbalance):
    with pytest.raises(ArgumentError, match=f"imbalance must be a number of 1 or more .* not {imbalance}"):
        profile_counts(profile, 100, imbalance, 10)


@pytest.mark.parametrize("profile", ["exp", "step"])
def test_a_ratio_that_empties_the_last_class_is_refused_with_the_numbers(profile):
    with pytest.raises(ArgumentError, match="imbalance 100 needs at least 100 images in the largest class, but it gets 99"):
        profile_counts(profile, 99, 100, 10)


def of_classes(counts: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Shuffled labels and digests, every third sample an exact duplicate of an earlier one of its class."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    digests = random.integers(0, 2**64, len(labels), dtype=np.uint64)
    for c in range(len(counts)):
        members = np.flatnonzero(labels == c)
        digests[members[2::3]] = digests[members[0 : len(members[2::3])]]
    return labels, digests


def selected(labels: np.ndarray, digests: np.ndarray, counts: list[int], seed: int) -> list[tuple[int, int]]:
    """What was chosen, as sorted (digest, occurrence)."""
    occurrence = occurrences(digests)
    chosen = select_by_content(labels, digests, occurrence, np.array(counts), seed)
    return sorted((int(digests[i]), int(occurrence[i])) for i in chosen)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(30)), st.integers(0, 3))
def test_selection_does_not_depend_on_the_order(order, seed):
    labels, digests = of_classes([12, 10, 8])
    expected = selected(labels, digests, [7, 4, 2], seed)
    assert selected(labels[order], digests[order], [7, 4, 2], seed) == expected


def test_selection_takes_the_counts_of_each_class_once():
    labels, digests = of_classes([40, 30, 20])
    chosen = select_by_content(labels, digests, occurrences(digests), np.array([20, 7, 1]), 0)
    assert np.bincount(labels[chosen]).tolist() == [20, 7, 1]
    assert len(np.unique(chosen)) == 28


@pytest.mark.parametrize("seed", range(3))
def test_ratio_100_lies_inside_50_inside_10(seed):
    labels, digests = of_classes([200] * 5)
    sets = [set(selected(labels, digests, profile_counts("exp", 200, ratio, 5).tolist(), seed)) for ratio in (100, 50, 10)]
    assert sets[0] < sets[1] < sets[2]


def test_another_seed_selects_others():
    labels, digests = of_classes([200, 200])
    first, second = (set(selected(labels, digests, [100, 20], seed)) for seed in (0, 1))
    assert len(first & second) < 0.7 * len(first)  # by chance about half of the first class and a tenth of the second


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=6),
    st.sampled_from([1.0, 1.5, 3.0, 10.0]),
    st.sampled_from(["exp", "step"]),
)
def test_the_largest_that_is_possible_fits_and_no_larger_one_does(available, imbalance, profile):
    available = np.sort(np.array(available))[::-1]

    def fits(n_max: int) -> bool:
        falls = {"exp": exponential_counts, "step": step_counts}[profile](n_max, imbalance, len(available))
        return bool((falls <= available).all())

    assert largest_possible(profile, imbalance, available) == max((n for n in range(2, 61) if fits(n)), default=1)


def test_the_largest_that_is_possible_needs_a_ratio():
    with pytest.raises(
        ArgumentError, match=r"^imbalance must be a number of 1 or more \(largest class over smallest\), not 0\.5$"
    ):
        largest_possible("exp", 0.5, np.array([9, 5]))


def test_selection_in_a_class_does_not_depend_on_other_classes():
    labels, digests = of_classes([50, 50])
    both = selected(labels, digests, [20, 10], 0)
    without = selected(labels[labels == 0], digests[labels == 0], [20], 0)
    assert set(without) < set(both)


def test_exact_duplicates_enter_in_the_order_of_their_occurrence():
    labels = np.zeros(6, np.int64)
    digests = np.array([9, 9, 9, 4, 4, 4], dtype=np.uint64)
    chosen = selected(labels, digests, [4], 0)
    for digest in (4, 9):
        numbers = [number for found, number in chosen if found == digest]
        assert numbers == list(range(len(numbers)))


def mislas_by_hand(targets: list[int], counts: list[int], seed: int) -> list[int]:
    """As gen_imbalanced_data in MiSLAS's datasets/cifar10.py, which seeds NumPy globally."""
    state = np.random.get_state()
    np.random.seed(seed)
    rows: list[int] = []
    targets_np = np.array(targets, dtype=np.int64)
    for the_class, the_img_num in zip(np.unique(targets_np), counts):
        idx = np.where(targets_np == the_class)[0]
        np.random.shuffle(idx)
        rows.extend(idx[:the_img_num].tolist())
    np.random.set_state(state)
    return rows


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_mislas_selection_is_the_reference_shuffle(seed):
    targets = np.random.default_rng(0).integers(0, 5, 500)
    counts = [60, 30, 15, 8, 4]
    assert select_mislas(targets, np.array(counts), seed).tolist() == mislas_by_hand(targets.tolist(), counts, seed)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_mislas_selection_refuses_seeds_that_numpy_does(seed):
    with pytest.raises(ValueError, match="Seed must be between"):
        np.random.RandomState(seed)
    with pytest.raises(ArgumentError, match=rf"^the mislas selection needs a seed in \[0, 2\^32\), not {seed}$"):
        select_mislas(np.zeros(10, np.int64), np.array([5]), seed)


def test_mislas_selection_takes_the_largest_seed_that_numpy_does():
    targets = [0] * 10
    assert select_mislas(np.array(targets), np.array([5]), 2**32 - 1).tolist() == mislas_by_hand(targets, [5], 2**32 - 1)


def test_mislas_selection_leaves_the_global_generator_alone():
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    select_mislas(np.zeros(10, np.int64), np.array([5]), 0)
    assert np.array_equal(np.random.get_state()[1], before)
