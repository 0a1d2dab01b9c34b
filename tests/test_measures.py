"""Each number beside a plain float64 computation, or SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lt_prune.measures import effective_classes, halves, jaccard, rank_stability, spearman


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((7, 7, 7), 3.0), ((10, 0, 0), 1.0), ((3, 1), 1 / (0.75**2 + 0.25**2)), ((5, 5, 0), 2.0)],
)
def test_effective_classes_are_the_inverse_of_simpsons_index(counts, expected):
    assert effective_classes(np.array(counts)) == pytest.approx(expected, rel=1e-15)


def test_effective_classes_of_cifar10_lt_100():
    """Two draws with replacement are of one class as often as the sum of n_c^2 / N^2 says."""
    counts = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    assert effective_classes(np.array(counts)) == pytest.approx(12_406**2 / sum(n * n for n in counts))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("1100", "0110", 1 / 3), ("1111", "1111", 1.0), ("1100", "0011", 0.0), ("0000", "0000", 1.0), ("1000", "1110", 1 / 3)],
)
def test_jaccard_is_what_both_have_of_what_either_has(one, other, expected):
    assert jaccard(*(np.array(list(each)) == "1" for each in (one, other))) == expected


@pytest.mark.parametrize("decimals", [1, 8], ids=["ties", "no ties"])
def test_spearman_is_scipys(decimals):
    random = np.random.default_rng(0)
    one = random.normal(size=60).round(decimals)
    other = (one + random.normal(size=60)).round(decimals)
    assert spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic, rel=1e-12)


def test_spearman_at_its_ends_and_of_what_has_no_order():
    numbers = np.array([3.0, 1.0, 2.0, 7.0])
    assert spearman(numbers, numbers**3) == 1
    assert spearman(numbers, -numbers) == -1
    assert spearman(numbers, np.ones(4)) is None


@pytest.mark.parametrize("members", [2, 3, 10])
def test_halves_are_of_the_members_at_even_and_at_odd_places(members):
    scores = np.random.default_rng(1).random((members, 40), dtype=np.float32)
    even, odd = halves(scores)
    np.testing.assert_allclose(even, scores[::2].astype(np.float64).mean(0), rtol=1e-12)
    np.testing.assert_allclose(odd, scores[1::2].astype(np.float64).mean(0), rtol=1e-12)
    assert rank_stability(scores) == pytest.approx(stats.spearmanr(even, odd).statistic, rel=1e-12)


def test_of_one_member_nothing_is_known():
    assert rank_stability(np.ones((1, 4), dtype=np.float32)) is None


def test_what_is_the_same_by_all_members_is_steady():
    assert rank_stability(np.tile(np.arange(9, dtype=np.float32), (4, 1))) == 1
