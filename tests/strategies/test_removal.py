from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.errors import ArgumentError
from lt_prune.strategies import Request
from lt_prune.strategies.removal import class_quotas, remove_in_order

some_counts = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def hamilton(counts: list[int], seats: int) -> list[int]:
    """Largest remainder in exact fractions; ties go to the first class."""
    shares = [Fraction(seats * count, sum(counts)) for count in counts]
    quotas = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(counts)), key=lambda c: (quotas[c] - shares[c], c))
    for c in by_remainder[: seats - sum(quotas)]:
        quotas[c] += 1
    return quotas


def ask(labels: list[int], n_remove: int, ids: list[int] | None = None, **more) -> Request:
    ids = list(range(len(labels))) if ids is None else ids
    return Request(
        ids=np.array(ids, dtype=np.uint64), labels=np.array(labels), n_classes=max(labels) + 1, n_remove=n_remove, **more
    )


def removed(request: Request, priority: list[float], within: str = "set") -> list[int]:
    return np.flatnonzero(~remove_in_order(request, np.array(priority), within)).tolist()


@given(some_counts, st.fractions(0, 1))
@settings(max_examples=150, deadline=None)
def test_quotas_are_hamiltons_where_classes_may_be_emptied(counts, share):
    n_remove = round(share * sum(counts))
    assert class_quotas(np.array(counts), n_remove, allow_empty_class=True).tolist() == hamilton(counts, n_remove)


@given(some_counts, st.fractions(0, 1))
@settings(max_examples=150, deadline=None)
def test_quotas_are_hamiltons_where_that_empties_no_class(counts, share):
    n_remove = round(share * (sum(counts) - len(counts)))
    expected = hamilton(counts, n_remove)
    if all(quota < count for quota, count in zip(expected, counts)):
        assert class_quotas(np.array(counts), n_remove, allow_empty_class=False).tolist() == expected


@given(some_counts, st.fractions(0, 1), st.booleans())
@settings(max_examples=150, deadline=None)
def test_quotas_sum_to_what_is_asked_and_fit_the_classes(counts, share, allowed):
    room = [count - (not allowed) for count in counts]
    n_remove = round(share * sum(room))
    quotas = class_quotas(np.array(counts), n_remove, allowed).tolist()
    assert sum(quotas) == n_remove
    assert all(0 <= quota <= most for quota, most in zip(quotas, room))


@given(some_counts, st.fractions(0, 1))
@settings(max_examples=150, deadline=None)
def test_a_quota_is_within_1_of_its_share_unless_the_class_is_full(counts, share):
    n_remove = round(share * (sum(counts) - len(counts)))
    quotas = class_quotas(np.array(counts), n_remove, allow_empty_class=False).tolist()
    shares = [Fraction(n_remove * count, sum(counts)) for count in counts]
    spared = sum(max(0, hamilton_quota - (count - 1)) for hamilton_quota, count in zip(hamilton(counts, n_remove), counts))
    for quota, exact, count in zip(quotas, shares, counts):
        assert quota > exact - 1 or quota == count - 1
        assert quota < exact + 1 + spared


def test_quotas_of_cifar10_lt_by_hand():
    counts = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    # 0.45 n_c but for the factor 5583 / 12406: the floors sum to 5579, and the four largest remainders round up.
    exact = [5583 * count / 12406 for count in counts]
    floors = [int(share) for share in exact]
    assert sum(floors) == 5579
    up = sorted(range(10), key=lambda c: exact[c] - floors[c])[-4:]
    expected = [floor + (c in up) for c, floor in enumerate(floors)]
    assert class_quotas(np.array(counts), 5583, allow_empty_class=False).tolist() == expected


def test_what_a_full_class_is_spared_goes_to_the_next_in_line():
    # Shares 0.6, 0.6, 1.8 and 3: the singles would be rounded up first, but each is its class's last sample.
    assert class_quotas(np.array([1, 1, 3, 5]), 6, allow_empty_class=False).tolist() == [0, 0, 2, 4]


def test_of_many_equal_remainders_the_first_classes_are_rounded_up():
    assert class_quotas(np.full(100, 10), 50, allow_empty_class=False).tolist() == [1] * 50 + [0] * 50


def test_quotas_do_not_overflow_for_millions_of_samples():
    counts = np.array([2_000_000_000, 1_000_000_000])
    assert class_quotas(counts, 1_500_000_000, allow_empty_class=False).tolist() == [1_000_000_000, 500_000_000]


def test_the_lowest_priority_goes_first():
    assert removed(ask([0] * 5, 2), [3, 1, 4, 0, 2]) == [1, 3]


def test_ties_fall_by_id():
    assert removed(ask([0] * 4, 2, ids=[40, 10, 30, 20]), [1, 1, 1, 1]) == [1, 3]


def test_the_last_of_a_class_is_spared_and_the_next_in_line_goes():
    # Both of class 1 stand first; the second of them stays, and the lowest of class 0 goes instead.
    assert removed(ask([1, 0, 0, 1, 0], 2), [0, 2, 3, 1, 4]) == [0, 1]


def test_the_last_of_a_class_goes_where_it_may():
    assert removed(ask([1, 0, 0, 1, 0], 2, allow_empty_class=True), [0, 2, 3, 1, 4]) == [0, 3]


def test_within_class_each_class_loses_its_own_lowest():
    assert removed(ask([0, 0, 0, 0, 1, 1], 3), [10, 11, 12, 13, 1, 0], within="class") == [0, 1, 5]


@pytest.mark.parametrize("within", ["set", "class"])
def test_refusal_says_how_to_go_on(within):
    with pytest.raises(ArgumentError, match=r"would empty a class, as there are 2 classes.*--allow-empty-class"):
        removed(ask([0, 0, 1], 2), [0, 1, 2], within)


@pytest.mark.parametrize("within", ["set", "class"])
def test_all_samples_may_go_where_classes_may_be_emptied(within):
    assert removed(ask([0, 0, 1], 3, allow_empty_class=True), [0, 1, 2], within) == [0, 1, 2]


@pytest.mark.parametrize("within", ["set", "class"])
def test_more_samples_than_there_are_is_refused(within):
    with pytest.raises(ArgumentError):
        removed(ask([0, 0, 1], 4, allow_empty_class=True), [0, 1, 2], within)
