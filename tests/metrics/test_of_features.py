"""Metrics of a set's features, each beside a plain computation in float64, or one by scikit-learn."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from lt_prune.metrics import METRICS
from lt_prune.metrics.features import Features

N, M, D = 240, 5, 8
LABELS = np.arange(N) % M


def draw() -> np.ndarray:
    """float32 (N, D), in a cloud for each class, far from the origin."""
    random = np.random.default_rng(0)
    return (50 + random.normal(0, 10, (M, D))[LABELS] + random.normal(0, 1, (N, D))).astype(np.float32)


def score(name: str, values: np.ndarray, labels: np.ndarray = LABELS) -> np.ndarray:
    return METRICS.load(name)(Features(torch.from_numpy(values)), torch.from_numpy(labels)).numpy()


def distances(values: np.ndarray, k: int) -> np.ndarray:
    """(N, k) to the nearest others, by scikit-learn in float64."""
    return NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(values.astype(np.float64)).kneighbors()[0][:, :k]


def test_the_class_median_is_numpys():
    values = draw().astype(np.float64)
    expected = [np.linalg.norm(v - np.median(values[y == LABELS], axis=0)) for v, y in zip(values, LABELS)]
    np.testing.assert_allclose(score("class-median", draw()), expected, rtol=1e-4)


def test_the_class_median_of_an_even_number_is_the_mean_of_the_two_in_the_middle():
    values = np.array([[0.0], [1.0], [3.0], [100.0]], dtype=np.float32)
    assert score("class-median", values, np.zeros(4, dtype=np.int64)).tolist() == [2, 1, 1, 98]


def test_prototypes_are_the_centres_of_k_means():
    """Of clouds so far apart that every k-means finds the same."""
    values = draw().astype(np.float64)
    centres = KMeans(M, n_init=10, random_state=1).fit(values).cluster_centers_
    expected = 1 - (normalize(values) @ normalize(centres).T).max(axis=1)
    np.testing.assert_allclose(score("prototypes", draw()), expected, atol=2e-6)


def test_prototypes_are_the_same_bit_for_bit_where_fewer_cosines_are_held_at_once(monkeypatch):
    values, labels = torch.rand(600, 64, generator=torch.Generator().manual_seed(0)), torch.arange(600) % 50
    whole = METRICS.load("prototypes")(Features(values), labels)
    monkeypatch.setattr(sys.modules["lt_prune.metrics.prototypes"], "_AT_ONCE", 10_000)
    assert torch.equal(METRICS.load("prototypes")(Features(values), labels), whole)


def test_knn_density_is_the_distance_to_the_tenth():
    np.testing.assert_allclose(score("knn-density", draw()), distances(draw(), 10)[:, -1], rtol=1e-4)


def test_typicality_is_one_over_the_mean_distance_to_twenty():
    np.testing.assert_allclose(score("typicality", draw()), 1 / (distances(draw(), 20).mean(1) + 1e-5), rtol=1e-4)


def test_neighbours_are_exact_where_samples_are_nearly_the_same():
    """By products of matrices alone the distances of such samples would be noise."""
    values = (1000 + 1e-2 * np.random.default_rng(0).random((60, D))).astype(np.float32)
    found = Features(torch.from_numpy(values)).neighbours[:, :10]
    np.testing.assert_allclose(found, distances(values, 10), rtol=0.05)


def test_never_holds_all_distances(monkeypatch):
    """10,000 samples, in blocks of which none has a tenth of all distances."""
    asked = []
    original = Features._nearest
    monkeypatch.setattr(Features, "_nearest", lambda self, *bounds: (asked.append(bounds), original(self, *bounds))[1])
    values = torch.rand(10_000, 2, generator=torch.Generator().manual_seed(0))
    assert Features(values).neighbours.shape == (10_000, 20)
    assert max(end - start for start, end in asked) <= 1_000


def test_the_neighbours_of_one_set_are_looked_for_once(monkeypatch):
    asked = []
    original = Features._nearest
    monkeypatch.setattr(Features, "_nearest", lambda self, *bounds: (asked.append(bounds), original(self, *bounds))[1])
    features = Features(torch.from_numpy(draw()))
    for name in ("knn-density", "typicality"):
        METRICS.load(name)(features, torch.from_numpy(LABELS))
    assert len(asked) == 1


def test_zcore_equals_a_plain_loop_over_the_same_points(monkeypatch):
    from lt_prune.metrics import zcore

    planes, points, original = [], [], zcore._cover

    def seen(score, values, drawn):
        planes.append(values)
        points.append(drawn)
        original(score, values, drawn)

    monkeypatch.setattr(zcore, "_cover", seen)
    values = draw()
    features = Features(torch.from_numpy(values))
    found = METRICS.load("zcore")(features, torch.from_numpy(LABELS)).numpy()
    score = np.zeros(N)
    for plane, drawn in zip(planes, points):
        for point in drawn:
            covering = np.abs(plane - point).sum(1).argmin()
            score[covering] += 1
            apart = np.abs(plane - plane[covering]).sum(1, dtype=np.float64)
            near = apart.argsort(kind="stable")[1 : zcore.REDUNDANT + 1]
            penalty = 1 / apart[near] ** 4
            score[near] -= penalty / penalty.sum()
    expected = (score - score.min()) / (score.max() - score.min())
    np.testing.assert_allclose(found[features.order], expected, rtol=1e-4, atol=1e-5)
    assert sum(map(len, points)) >= zcore.DRAWS * N


def test_zcore_counts_copies_as_redundant():
    values = draw()
    values[1] = values[0]
    scores = score("zcore", values)
    assert scores[:2].min() < np.median(scores)


def test_zcore_of_samples_that_are_all_alike_is_0():
    assert not score("zcore", np.ones((N, D), dtype=np.float32)).any()


def test_what_is_far_off_is_hard():
    values = draw()
    values[7] = 500 * np.array([1, -1] * (D // 2))
    for name in ("class-median", "prototypes", "knn-density", "typicality"):
        scores = score(name, values)
        harder = scores if METRICS.load(name).higher_is_harder else -scores
        assert harder.argmax() == 7 or name == "prototypes"  # k-means may spend a centre on it


@pytest.mark.parametrize("name", ["class-median", "prototypes", "zcore", "knn-density", "typicality"])
def test_of_large_sets_it_is_computed_only_where_it_is_named(name):
    assert METRICS.load(name).is_cheap(50_000)
    assert not METRICS.load(name).is_cheap(50_001)
