"""Each selection against a plain reference, sample by sample."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import beta as beta_distribution

from lt_prune.selections import SELECTIONS, Group

N = 120


def group(n: int = N, seed: int = 0, **more) -> Group:
    random = np.random.default_rng(seed)
    given = {
        "ids": np.sort(random.choice(2**62, n, replace=False)).astype(np.uint64),
        "labels": random.integers(0, 3, n),
        "n_classes": 3,
        "seed": 0,
        "whole": True,
        "difficulty": random.gamma(1.5, size=n),
        "features": random.normal(size=(n, 4)),
        "confidence": random.uniform(size=n),
    }
    return Group(**{**given, **more})


def order(name: str, asked: Group, n_keep: int, **settings) -> list[int]:
    selection = SELECTIONS.load(name)
    own = {setting: settings.get(setting, each.default) for setting, each in selection.settings.items()}
    return selection.function(asked, n_keep, **own).tolist()


def kept(name: str, asked: Group, n_keep: int, **settings) -> list[int]:
    return sorted(order(name, asked, n_keep, **settings)[:n_keep])


def by_difficulty(asked: Group) -> list[int]:
    """The hardest first; of equal ones the last id."""
    return sorted(range(len(asked.ids)), key=lambda i: (-float(asked.difficulty[i]), -i))


def test_hard_and_easy_are_the_ends_of_one_ranking():
    asked = group()
    assert order("hard", asked, 30) == by_difficulty(asked)
    assert order("easy", asked, 30) == by_difficulty(asked)[::-1]


def test_of_equal_samples_the_last_ids_are_kept():
    asked = group(4, difficulty=np.array([1.0, 2, 1, 2]))
    assert (order("hard", asked, 2), order("easy", asked, 2)) == ([3, 1, 2, 0], [2, 0, 3, 1])


WINDOWS = [(0.1, 30, 12), (0.3, 60, 36), (0.55, 60, 60), (0, 50, 0), (1, 7, 113)]


@pytest.mark.parametrize(("window", "n_keep", "start"), WINDOWS)
def test_the_window_begins_after_the_hardest(window, n_keep, start):
    asked = group()
    assert kept("window", asked, n_keep, window=window) == sorted(by_difficulty(asked)[start : start + n_keep])


@pytest.mark.parametrize(("cutoff", "strata", "n_keep"), [(0.1, 50, 60), (0.25, 7, 40), (0, 5, 20), (0.3, 1, 100)])
def test_strata_hold_equal_parts_of_what_the_small_ones_leave(cutoff, strata, n_keep):
    asked = group()
    cut = min(int(cutoff * N), N - n_keep)
    pool = by_difficulty(asked)[cut:]
    low, high = (float(asked.difficulty[pool[place]]) for place in (-1, 0))
    which = {i: min(int((asked.difficulty[i] - low) / (high - low) * strata), strata - 1) for i in pool}
    sizes, left, expected = Counter(which.values()), n_keep, {}
    for rank, s in enumerate(sorted(range(strata), key=lambda s: (sizes[s], s))):
        expected[s] = min(sizes[s], left // (strata - rank))
        left -= expected[s]
    chosen = kept("strata", asked, n_keep, cutoff=cutoff, strata=strata)
    assert left == 0
    assert set(chosen) <= set(pool)
    found = Counter(which[i] for i in chosen)
    assert {s: found[s] for s in range(strata)} == expected


def test_equal_scores_are_one_stratum():
    asked = group(10, difficulty=np.full(10, 0.5))
    assert len(kept("strata", asked, 4)) == 4


def test_within_a_stratum_the_seed_draws():
    assert len({tuple(kept("strata", Group(**{**vars(group()), "seed": seed}), 40)) for seed in range(3)}) == 3


def frequencies(name: str, asked: Group, n_keep: int, times: int = 3000, **settings) -> np.ndarray:
    """How often each sample is kept over seeds."""
    found = np.zeros(len(asked.ids))
    for seed in range(times):
        found[kept(name, Group(**{**vars(asked), "seed": seed}), n_keep, **settings)] += 1
    return found / times


def test_weighted_draws_in_proportion():
    asked = group(6, difficulty=np.array([0.0, 0.2, 0.4, 0.6, 5.0, 9.0]))
    weights = np.exp(np.minimum(asked.difficulty, np.log(3)) / 0.5)
    share = frequencies("weighted", asked, 1, temperature=0.5)
    assert np.abs(share - weights / weights.sum()).max() < 0.035  # 4 standard deviations


def test_infobatch_keeps_the_harder_ones_and_draws_the_others_alike():
    asked = group(12, difficulty=np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 3, 4, 5, 6]))
    share = frequencies("infobatch", asked, 6, times=2000)
    assert (share[8:] == 1).all()
    assert np.abs(share[:8] - 2 / 8).max() < 0.04
    assert np.abs(frequencies("infobatch", asked, 3, times=2000)[8:] - 3 / 4).max() < 0.04
    assert not frequencies("infobatch", asked, 3, times=50)[:8].any()


@pytest.mark.parametrize("n_keep", [3, 4, 6, 12])
def test_infobatch_weighs_by_what_goes_of_the_others(n_keep):
    """Qin et al. 2024: 1 / (1 - r), r the share of the easier ones that goes."""
    asked = group(12, difficulty=np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 3, 4, 5, 6]))
    weights = SELECTIONS.load("infobatch").weights(asked, n_keep)
    chosen = kept("infobatch", asked, n_keep)
    if n_keep >= 4:
        assert weights[8:].tolist() == [1] * 4
        easier = [i for i in chosen if i < 8]
        assert weights[easier].tolist() == pytest.approx([8 / len(easier)] * len(easier) if easier else [])
    else:
        assert weights[chosen].tolist() == pytest.approx([4 / 3] * 3)


DRAWN = [name for name in SELECTIONS.names if SELECTIONS.load(name).weights]


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("n_keep", [1, 7, 19, 20])
def test_the_weighted_sum_over_what_is_kept_is_that_over_all_on_average(name, n_keep):
    asked = group(20)
    values = np.random.default_rng(1).normal(1, 0.5, 20)
    selection = SELECTIONS.load(name)
    own = {setting: each.default for setting, each in selection.settings.items()}
    counted = values if name != "infobatch" else np.where(weights_of_all(asked, n_keep), values, 0)
    sums = []
    for seed in range(1500):
        drawn = Group(**{**vars(asked), "seed": seed})
        rows = selection.function(drawn, n_keep, **own)[:n_keep]
        sums.append(float((selection.weights(drawn, n_keep, **own)[rows] * values[rows]).sum()))
    assert abs(np.mean(sums) - counted.sum()) <= 4 * np.std(sums) / np.sqrt(1500) + 1e-9


def weights_of_all(asked: Group, n_keep: int) -> np.ndarray:
    """Which samples InfoBatch may keep: the easier ones only where there is room beside all of the harder."""
    harder = asked.difficulty >= asked.difficulty.mean()
    return harder | (n_keep > harder.sum())


def test_beta_draws_in_proportion_to_score_and_density():
    p_y = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.3, 0.5, 0.7, 0.9, 0.1, 0.85])
    asked = group(12, difficulty=np.linspace(0.1, 1.2, 12), confidence=p_y)
    removed = 1 - 1 / 12
    b = 15 * (1 - p_y[2:].mean()) * (1 - removed**4)
    weights = asked.difficulty * beta_distribution.pdf(p_y, 16 - b, b)
    share = frequencies("beta", asked, 1)
    assert np.abs(share - weights / weights.sum()).max() < 0.035


def test_beta_keeps_easier_samples_where_more_goes():
    asked = group(difficulty=np.ones(N))
    shares = {n_keep: frequencies("beta", asked, n_keep, times=20) for n_keep in (6, 60)}
    few, many = (np.average(asked.confidence, weights=share) for share in shares.values())
    assert few > many + 0.1


def test_certain_samples_have_a_finite_density():
    asked = group(12, confidence=np.r_[np.zeros(6), np.ones(6)])
    assert sorted(order("beta", asked, 4)) == list(range(12))


def test_moderate_keeps_those_at_the_median_distance():
    asked = group()
    distance = {}
    for i in range(N):
        own = asked.features[asked.labels == asked.labels[i]]
        centre = [sorted(own[:, d])[len(own) // 2] if len(own) % 2 else np.median(own[:, d]) for d in range(4)]
        distance[i] = float(np.sqrt(sum((asked.features[i, d] - centre[d]) ** 2 for d in range(4))))
    middle = np.median(list(distance.values()))
    assert order("moderate", asked, 30) == sorted(range(N), key=lambda i: abs(distance[i] - middle))


def test_k_center_takes_the_farthest_again_and_again():
    asked = group()
    z = asked.features
    chosen = [int(np.argmin(((z - z.mean(axis=0)) ** 2).sum(axis=1)))]
    while len(chosen) < 40:
        nearest = [min(np.linalg.norm(z[i] - z[j]) for j in chosen) for i in range(N)]
        chosen.append(int(np.argmax(nearest)))
    assert order("k-center", asked, 40)[:40] == chosen


def test_herding_stays_near_the_mean():
    asked = group()
    z, chosen = asked.features, []
    for k in range(40):
        off = [np.linalg.norm(z.mean(axis=0) - (z[i] + z[chosen].sum(axis=0)) / (k + 1)) for i in range(N)]
        chosen.append(int(min((i for i in range(N) if i not in chosen), key=lambda i: off[i])))
    assert order("herding", asked, 40)[:40] == chosen


@pytest.mark.parametrize("gamma", [1.0, 0.2])
def test_d2_passes_difficulty_on_and_takes_it_back(gamma):
    asked = group(60)
    z, x = asked.features, asked.difficulty
    square = ((z[:, None] - z[None]) ** 2).sum(axis=2)
    near = [[j for j in sorted(range(60), key=lambda j: square[i, j]) if j != i][:5] for i in range(60)]
    left = [x[i] + sum(np.exp(-0.5 * square[i, j]) * x[j] for j in near[i]) for i in range(60)]
    chosen = []
    while len(chosen) < 25:
        best = max((i for i in range(60) if i not in chosen), key=lambda i: left[i])
        chosen.append(best)
        for j in near[best]:
            left[j] -= np.exp(-gamma * square[best, j]) * left[best]
    assert order("d2", asked, 25, neighbours=5, gamma_forward=0.5, gamma_reverse=gamma)[:25] == chosen


@pytest.mark.parametrize("name", ["moderate", "k-center", "herding", "d2"])
def test_copies_of_one_embedding_are_no_obstacle(name):
    asked = group(15, features=np.ones((15, 3), dtype=np.float32))
    assert sorted(order(name, asked, 6)) == list(range(15))


@pytest.mark.parametrize("name", SELECTIONS.names)
def test_a_group_of_one(name):
    assert order(name, group(1), 1) == [0]


def test_the_random_draws_of_the_set_and_of_classes_are_their_own():
    assert order("random", group(), 5) != order("random", group(whole=False), 5)
