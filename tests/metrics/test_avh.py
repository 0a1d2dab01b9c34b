from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.metrics.avh import avh
from lt_prune.models.network import Outputs


def score(features: torch.Tensor, weight: torch.Tensor, labels: list[int]) -> torch.Tensor:
    """AVH of features and weights; logits, which it must not read, are NaN."""
    return avh(Outputs(features, torch.full((len(features), len(weight)), math.nan), weight), torch.tensor(labels))


def dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b))


def plain(features: list[list[float]], weight: list[list[float]], labels: list[int]) -> list[float]:
    """Eq. 12 in float64, one number at a time."""
    scores = []
    for feature, label in zip(features, labels):
        angle = [math.acos(dot(feature, row) / (math.hypot(*feature) * math.hypot(*row))) for row in weight]
        scores.append(angle[label] / sum(angle))
    return scores


def draw(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    random = np.random.default_rng(0)
    features = torch.from_numpy(np.abs(random.normal(0, 2, (40, 64)))).to(dtype)
    return features, torch.from_numpy(random.normal(0, 1, (10, 64))).to(dtype), random.integers(0, 10, 40).tolist()


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float16, 2e-6), (torch.float32, 2e-6), (torch.float64, 1e-12)])
def test_equals_equation_12(dtype, rtol):
    features, weight, labels = draw(dtype)
    expected = plain(features.double().tolist(), weight.double().tolist(), labels)
    np.testing.assert_allclose(score(features, weight, labels), expected, rtol=rtol)


def test_a_feature_along_its_class_scores_0():
    weight = torch.eye(4)
    assert score(5 * weight, weight, [0, 1, 2, 3]).tolist() == pytest.approx([0] * 4, abs=2e-4)


def test_a_feature_against_its_class_gives_the_closed_form():
    # pi from its own class, pi/2 from the other three.
    assert score(-torch.eye(4)[:1], torch.eye(4), [0]).item() == pytest.approx(1 / (1 + 3 / 2), abs=2e-4)


def test_a_feature_along_another_class_gives_the_closed_form():
    # 0 from class 1, pi/2 from the other three, its own among them.
    assert score(torch.eye(4)[1:2], torch.eye(4), [0]).item() == pytest.approx(1 / 3, abs=2e-4)


@given(st.lists(st.floats(1e-3, 1e3), min_size=10, max_size=10), st.floats(1e-3, 1e3))
@settings(max_examples=25, deadline=None)
def test_lengths_of_weights_and_features_do_not_matter(of_rows, of_features):
    features, weight, labels = draw()
    scaled = score(features * of_features, weight * torch.tensor(of_rows, dtype=torch.float64)[:, None], labels)
    torch.testing.assert_close(scaled, score(features, weight, labels), rtol=1e-11, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_zero_feature_scores_one_over_the_number_of_classes(dtype):
    _, weight, _ = draw(dtype)
    assert score(torch.zeros(2, 64, dtype=dtype), weight, [0, 7]).tolist() == pytest.approx([0.1, 0.1], rel=1e-5)


def test_a_zero_weight_stands_at_a_right_angle():
    weight = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert score(torch.tensor([[-1.0, 0.0]]), weight, [0]).item() == pytest.approx(0.5 / (0.5 + 1 + 0.5), abs=2e-4)


def test_scores_of_one_sample_over_all_labels_sum_to_1():
    features, weight, _ = draw()
    assert score(features[:1].expand(10, -1), weight, list(range(10))).sum().item() == pytest.approx(1, abs=1e-12)


def test_features_along_every_class_at_once_do_not_divide_by_zero():
    found = score(torch.ones(1, 4), torch.ones(3, 4), [2])
    assert found.item() == pytest.approx(1 / 3, abs=1e-3)


def test_high_is_hard():
    assert avh.higher_is_harder
