"""What every registered metric of a set's features promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lt_prune.metrics import METRICS, Metric
from lt_prune.metrics.features import Features

N, M, D = 150, 4, 12


@pytest.fixture(params=[name for name in METRICS.names if METRICS.load(name).needs == "features"])
def metric(request) -> Metric:
    return METRICS.load(request.param)


def draw(n: int = N) -> tuple[torch.Tensor, torch.Tensor]:
    """Features as a ResNet gives them, not negative and some of them 0, about a centre a class; and labels."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % M
    centres = 3 * torch.randn(M, D, generator=random)
    return torch.relu(centres[labels] + torch.randn(n, D, generator=random)), labels


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_gives_a_finite_float_for_each_sample(metric, dtype):
    values, labels = draw()
    scores = metric(Features(values.to(dtype)), labels)
    assert scores.shape == (N,)
    assert scores.is_floating_point()
    assert scores.isfinite().all()


def test_scores_of_samples_differ(metric):
    values, labels = draw()
    assert len(metric(Features(values), labels).unique()) > N / 2


@pytest.mark.parametrize("n", [1, 2, 3, M, 11, 25])
def test_takes_a_set_of_any_size(metric, n):
    values, labels = draw(n)
    scores = metric(Features(values), labels)
    assert scores.shape == (n,)
    assert scores.isfinite().all()


@pytest.mark.parametrize("extreme", [0.0, 1e-6, 1e4], ids=["zero", "tiny", "huge"])
def test_is_finite_at_extremes(metric, extreme):
    values, labels = draw()
    assert metric(Features(extreme * values), labels).isfinite().all()


def test_copies_have_finite_scores(metric):
    values, labels = draw()
    assert metric(Features(values[torch.arange(N) // 30]), labels).isfinite().all()


def test_follows_its_samples_when_they_are_permuted(metric):
    values, labels = draw()
    order = torch.from_numpy(np.random.default_rng(0).permutation(N))
    moved = metric(Features(values[order], places=order), labels[order])
    torch.testing.assert_close(moved, metric(Features(values), labels)[order], rtol=1e-5, atol=1e-6)


def test_does_not_depend_on_the_order_of_classes(metric):
    values, labels = draw()
    order = torch.from_numpy(np.random.default_rng(0).permutation(M))
    assert torch.equal(metric(Features(values), order[labels]), metric(Features(values), labels))


def test_does_not_depend_on_the_blocks(metric, monkeypatch):
    values, labels = draw()
    whole = metric(Features(values), labels)
    monkeypatch.setattr("lt_prune.metrics.features._BLOCK", 7 * N)
    torch.testing.assert_close(metric(Features(values), labels), whole, rtol=1e-6, atol=1e-7)


def test_does_not_depend_on_the_type(metric):
    values, labels = draw()
    found = metric(Features(values.double()), labels)
    torch.testing.assert_close(metric(Features(values), labels).double(), found.double(), rtol=1e-4, atol=1e-5)


def test_again_gives_the_same_bit_for_bit(metric):
    values, labels = draw()
    assert torch.equal(metric(Features(values), labels), metric(Features(values), labels))


def test_leaves_its_inputs_as_they_are(metric):
    values, labels = draw()
    before = values.clone(), labels.clone()
    metric(Features(values), labels)
    assert torch.equal(values, before[0])
    assert torch.equal(labels, before[1])
