from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.data.groups import check_groups, default_groups
from lt_prune.errors import ArgumentError


@pytest.mark.parametrize(
    ("n_classes", "groups"),
    [
        (2, (1, 2)),
        (3, (1, 2)),
        (5, (2, 4)),
        (4, (2, 3)),
        (10, (4, 8)),
        (25, (9, 18)),
        (100, (36, 71)),
        (200, (72, 142)),
        (1000, (360, 710)),
    ],
)
def test_default_groups(n_classes, groups):
    assert default_groups(n_classes) == groups


@settings(max_examples=200, deadline=None)
@given(st.integers(4, 20_000))
def test_default_groups_are_the_exact_ceil_and_floor(n_classes):
    head_end, tail_start = default_groups(n_classes)
    assert head_end == math.ceil(Fraction(36, 100) * n_classes)
    assert n_classes - tail_start == max(math.floor(Fraction(29, 100) * n_classes), 1)


@pytest.mark.parametrize("n_classes", range(3, 40))
def test_each_default_group_has_a_class_from_three_classes_on(n_classes):
    head_end, tail_start = default_groups(n_classes)
    assert 0 < head_end < tail_start < n_classes


@pytest.mark.parametrize("n_classes", range(2, 40))
def test_default_groups_pass_the_check(n_classes):
    check_groups(default_groups(n_classes), n_classes)


@pytest.mark.parametrize("groups", [(3, 7), (1, 1), (10, 10), (1, 10)])
def test_ranges_over_the_classes_pass(groups):
    assert check_groups(groups, 10) == groups


@pytest.mark.parametrize("groups", [(0, 5), (-1, 5), (7, 3), (3, 11), (11, 11)])
def test_other_ranges_are_refused_with_their_numbers(groups):
    with pytest.raises(ArgumentError, match=rf"0 < A <= B <= 10 .* not {groups[0]},{groups[1]}"):
        check_groups(groups, 10)
