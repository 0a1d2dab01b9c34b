from __future__ import annotations

import numpy as np
import pytest

from lt_prune.reports.costs import CONFIDENCE, Cost, costs, monotone, n_within, seeds_needed

RATIOS = np.round(np.arange(1, 10) / 10, 1)
TOLERANCE = 1.0
SHAPES = {
    "straight": 3.0 * RATIOS,
    "a cliff": np.where(RATIOS > 0.5, 4.0, 0.0),
    "late": 8 * RATIOS**4,
    "better, then worse": 6 * RATIOS**2 - 2 * RATIOS,
    "never much": 0.2 + 0 * RATIOS,
    "just beyond from the first": 1.0001 + 0 * RATIOS,
}
"""True points lost at each ratio."""
TRIALS = 200


def drawn(truth: np.ndarray, n_seeds: int, random: np.random.Generator) -> tuple[Cost, ...]:
    """What a sweep finds where this is the truth: seeds have luck of their own, and runs on less data scatter more."""
    luck = random.normal(0, 0.5, n_seeds)
    whole = 70 + luck + random.normal(0, 0.4, n_seeds)
    tried = {
        ratio: (70 - lost + luck + random.normal(0, 0.4 + 0.8 * ratio, n_seeds), whole)
        for ratio, lost in zip(RATIOS.tolist(), truth)
    }
    return costs(tried, 1 - CONFIDENCE, step=0.01)


def advised(truth: np.ndarray, n_seeds: int, trials: int = TRIALS) -> np.ndarray:
    """How many of the ratios are advised in each trial."""
    random = np.random.default_rng(20)
    return np.array([n_within([drawn(truth, n_seeds, random)], TOLERANCE) for _ in range(trials)])


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_promise_holds_as_often_as_it_says(shape, n_seeds):
    truth = np.append(-np.inf, SHAPES[shape])
    assert np.mean(truth[advised(SHAPES[shape], n_seeds)] <= TOLERANCE) >= 0.88


@pytest.mark.parametrize(("shape", "largest"), [("straight", 3), ("a cliff", 5), ("late", 5), ("never much", 9)])
def test_the_advice_comes_near_the_truth_as_seeds_grow(shape, largest):
    few, more, many = (advised(SHAPES[shape], n, trials=40).mean() for n in (3, 8, 400))
    assert few < more < many
    assert many == pytest.approx(largest, abs=0.3)


def test_a_test_on_the_edge_is_passed_about_as_often_as_is_allowed():
    passed = advised(SHAPES["just beyond from the first"], 5, trials=1000) > 0
    assert 0.07 < passed.mean() < 0.13


def test_bounds_are_those_of_scipy():
    from scipy.stats import ttest_rel

    random = np.random.default_rng(0)
    whole, pruned = random.normal(70, 1, 6), random.normal(69, 1, 6)
    [cost] = costs({0.5: (pruned, whole)}, doubt=0.1)
    interval = ttest_rel(whole, pruned, alternative="less").confidence_interval(0.9)
    assert cost.at_most == pytest.approx(interval.high)
    assert (cost.mean, cost.std) == pytest.approx((np.mean(whole - pruned), np.std(whole - pruned, ddof=1)))


def test_what_a_seed_gives_to_both_runs_cancels():
    luck = np.array([0.0, 10.0, -7.0])
    [cost] = costs({0.5: (60 + luck, 61 + luck)}, doubt=0.1)
    assert (cost.mean, cost.std, cost.at_most) == pytest.approx((1, 0, 1))


def test_seeds_that_agree_by_chance_are_not_taken_to_be_exact():
    [cost] = costs({0.5: (np.full(2, 60.0), np.full(2, 60.0))}, doubt=0.1, step=0.25)
    assert cost.std == 0.25
    assert cost.at_most == pytest.approx(3.0777 * 0.25 / np.sqrt(2), rel=1e-4)  # t of one degree of freedom at 90 %


def test_the_curve_is_monotone_and_weighs_seeds():
    tried = {0.1: (np.full(3, 68.0), np.full(3, 70.0)), 0.2: (np.full(1, 70.0), np.full(1, 70.0))}
    assert monotone(costs(tried, doubt=0.1)) == pytest.approx([1.5, 1.5])  # (3 * 2 + 1 * 0) / 4


def test_one_seed_bounds_nothing():
    [cost] = costs({0.5: (np.full(1, 60.0), np.full(1, 60.0))}, doubt=0.1)
    assert (cost.std, cost.at_most, n_within([[cost]], 100.0)) == (None, None, 0)


def test_all_measures_must_be_within():
    whole = np.array([70.0, 71.0, 72.0])
    near, far = (costs({0.1: (whole, whole), 0.2: (whole - lost, whole)}, doubt=0.1) for lost in (0.5, 1.5))
    assert [n_within(each, 1.0) for each in ([near], [far], [near, far])] == [2, 1, 1]


def test_seeds_that_would_tell_are_the_fewest_that_do():
    cost = Cost(ratio=0.5, n=3, accuracy=60.0, mean=0.5, std=1.0, at_most=1.59)
    # t(0.9, n - 1) / sqrt(n) <= 0.5 first at n = 9: 1.3968 / 3 = 0.466, and at 8: 1.4149 / 2.828 = 0.5002
    assert seeds_needed(cost, 1.0, 0.1) == 9
    assert seeds_needed(cost, 0.5, 0.1) is None
