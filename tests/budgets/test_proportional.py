from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.budgets import Request
from lt_prune.budgets.apportion import largest_remainder
from lt_prune.budgets.proportional import proportional

some_counts = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def hamilton(counts: list[int], seats: int) -> list[int]:
    """Largest remainder in exact fractions; ties go to the first class."""
    shares = [Fraction(seats * count, sum(counts)) for count in counts]
    quotas = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(counts)), key=lambda c: (quotas[c] - shares[c], c))
    for c in by_remainder[: seats - sum(quotas)]:
        quotas[c] += 1
    return quotas


def removed(counts: np.ndarray, n_remove: int, allowed: bool) -> np.ndarray:
    """What the budget removes of each class."""
    labels, n_keep = np.repeat(np.arange(len(counts)), counts), int(counts.sum()) - n_remove
    request = Request(labels=labels, n_classes=len(counts), n_keep=n_keep, allow_empty_class=allowed)
    return counts - proportional.function(request)


@given(some_counts, st.fractions(0, 1))
@settings(max_examples=150, deadline=None)
def test_quotas_are_hamiltons_where_classes_may_be_emptied(counts, share):
    n_remove = round(share * sum(counts))
    assert removed(np.array(counts), n_remove, allowed=True).tolist() == hamilton(counts, n_remove)


@given(some_counts, st.fractions(0, 1))
@settings(max_examples=150, deadline=None)
def test_quotas_are_hamiltons_where_that_empties_no_class(counts, share):
    n_remove = round(share * (sum(counts) - len(counts)))
    expected = hamilton(counts, n_remove)
    if all(quota < count for quota, count in zip(expected, counts)):
        assert removed(np.array(counts), n_remove, allowed=False).tolist() == expected


@given(some_counts, st.fractions(0, 1), st.booleans())
@settings(max_examples=150, deadline=None)
def test_quotas_sum_to_what_is_asked_and_fit_the_classes(counts, share, allowed):
    room = [count - (not allowed) for count in counts]
    n_remove = round(share * sum(room))
    quotas = removed(np.array(counts), n_remove, allowed).tolist()
    assert sum(quotas) == n_remove
    assert all(0 <= quota <= most for quota, most in zip(quotas, room))


@given(some_counts, st.fractions(0, 1))
@settings(max_examples=150, deadline=None)
def test_a_quota_is_within_1_of_its_share_unless_the_class_is_full(counts, share):
    n_remove = round(share * (sum(counts) - len(counts)))
    quotas = removed(np.array(counts), n_remove, allowed=False).tolist()
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
    assert removed(np.array(counts), 5583, allowed=False).tolist() == expected


def test_what_a_full_class_is_spared_goes_to_the_next_in_line():
    # Shares 0.6, 0.6, 1.8 and 3: the singles would be rounded up first, but each is its class's last sample.
    assert removed(np.array([1, 1, 3, 5]), 6, allowed=False).tolist() == [0, 0, 2, 4]


def test_of_many_equal_remainders_the_first_classes_are_rounded_up():
    assert removed(np.full(100, 10), 50, allowed=False).tolist() == [1] * 50 + [0] * 50


def test_quotas_do_not_overflow_for_millions_of_samples():
    counts = np.array([2_000_000_000, 1_000_000_000])
    whole, remainder = np.divmod(1_500_000_000 * counts, counts.sum())
    assert largest_remainder(whole, remainder, 1_500_000_000, counts).tolist() == [1_000_000_000, 500_000_000]
