"""How near samples are to one another, beside a plain loop in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lt_prune.metrics import METRICS, Nearest
from lt_prune.metrics.features import Features

N, M, D, T = 90, 3, 5, 17
LABELS = np.arange(N) % M


def draw() -> np.ndarray:
    """float32 (N, D), none below 0, far from the origin."""
    return (10 + np.random.default_rng(0).gamma(2.0, size=(N, D))).astype(np.float32)


def of_the_test() -> np.ndarray:
    return (10 + np.random.default_rng(1).gamma(2.0, size=(T, D))).astype(np.float32)


def score(name: str, values: np.ndarray, labels: np.ndarray = LABELS, **more: np.ndarray) -> np.ndarray:
    given = {key: torch.from_numpy(value) for key, value in more.items()}
    return METRICS.load(name)(Features(torch.from_numpy(values), **given), torch.from_numpy(labels)).numpy()


def nearest(name: str, values: np.ndarray, labels: np.ndarray = LABELS, **more: np.ndarray) -> np.ndarray:
    """Rows of the samples that the scores are of."""
    given = {key: torch.from_numpy(value) for key, value in more.items()}
    found = METRICS.load(name).function(Features(torch.from_numpy(values), **given), torch.from_numpy(labels))
    assert isinstance(found, Nearest)
    return found.rows.numpy()


def cosines(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of all pairs, about the mean of the first."""
    centre = values.astype(np.float64).mean(0)
    a, b = values - centre, others - centre
    return a @ b.T / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)


def test_a_near_duplicate_is_one_of_the_own_class_that_comes_before():
    alike = cosines(draw(), draw())
    expected = [max([alike[i, j] for j in range(i) if LABELS[j] == LABELS[i]], default=-1) for i in range(N)]
    np.testing.assert_allclose(score("near-duplicate", draw()), expected, atol=1e-6)


def test_the_nearest_of_another_class_may_stand_anywhere():
    alike = cosines(draw(), draw())
    expected = [max(alike[i, j] for j in range(N) if LABELS[j] != LABELS[i]) for i in range(N)]
    np.testing.assert_allclose(score("near-other", draw()), expected, atol=1e-6)


def test_the_nearest_test_sample():
    expected = cosines(draw(), of_the_test()).max(axis=1)
    np.testing.assert_allclose(score("near-test", draw(), test=of_the_test()), expected, atol=1e-6)


def test_each_names_the_sample_that_it_is_nearest_to(monkeypatch):
    alike, tests = cosines(draw(), draw()), cosines(draw(), of_the_test())
    own = LABELS[:, None] == LABELS[None]
    before = np.where(own & np.tri(N, k=-1, dtype=bool), alike, -2)
    others = np.where(own, -2, alike)
    for _ in range(2):
        found = nearest("near-duplicate", draw())
        assert found[:M].tolist() == [-1] * M
        assert found[M:].tolist() == before[M:].argmax(axis=1).tolist()
        assert nearest("near-other", draw()).tolist() == others.argmax(axis=1).tolist()
        assert nearest("near-test", draw(), test=of_the_test()).tolist() == tests.argmax(axis=1).tolist()
        monkeypatch.setattr("lt_prune.metrics.features._BLOCK", 7 * N)


def test_of_copies_all_but_the_first_are_near():
    values = draw()
    values[[30, 60]] = values[0]  # of class 0, as all of these are
    values[31] = values[0]  # of class 1
    found, other = score("near-duplicate", values), score("near-other", values)
    assert found[0] == -1
    assert found[[30, 60]] == pytest.approx([1, 1])
    assert found[31] < 1 - 1e-4
    assert other[[0, 30, 31, 60]] == pytest.approx([1] * 4)


def test_a_test_sample_among_them_is_found():
    values = draw()
    assert score("near-test", values, test=values[[5]])[5] == pytest.approx(1)


@pytest.mark.parametrize("similarity", [0.5, 0.8, 0.95])
def test_without_those_above_a_similarity_no_two_are_left_that_are_more_alike(similarity):
    alike = cosines(draw(), draw())
    left = np.flatnonzero(score("near-duplicate", draw()) < similarity)
    assert 0 < len(left) < N
    for i in left:
        assert all(alike[i, j] < similarity + 1e-6 for j in left if j < i and LABELS[i] == LABELS[j])


def test_what_comes_before_is_told_by_the_place_and_not_by_the_row():
    order = np.random.default_rng(2).permutation(N)
    moved = score("near-duplicate", draw()[order], LABELS[order], places=order)
    np.testing.assert_allclose(moved, score("near-duplicate", draw())[order], atol=1e-6)


@pytest.mark.parametrize("name", ["near-duplicate", "near-other"])
def test_where_there_is_no_other_it_is_as_far_as_can_be(name):
    alone = np.zeros(1, dtype=np.int64) if name == "near-other" else np.arange(4)
    assert score(name, draw()[: len(alone)], alone).tolist() == [-1] * len(alone)


def test_blocks_change_nothing_for_the_test(monkeypatch):
    whole = score("near-test", draw(), test=of_the_test())
    monkeypatch.setattr("lt_prune.metrics.features._BLOCK", 7 * T)
    np.testing.assert_allclose(score("near-test", draw(), test=of_the_test()), whole, atol=1e-6)


@pytest.mark.parametrize("name", ["near-duplicate", "near-other"])
def test_of_large_sets_it_is_computed_only_where_it_is_named(name):
    assert METRICS.load(name).is_cheap(50_000)
    assert not METRICS.load(name).is_cheap(50_001)


def test_the_test_is_looked_at_only_where_it_is_asked_for():
    assert not METRICS.load("near-test").is_cheap(1)
