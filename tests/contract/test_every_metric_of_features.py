"""What every registered metric of a set's features promises, with those of its test samples or without."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lt_prune.engine.answers import score_whole
from lt_prune.errors import DivergenceError
from lt_prune.metrics import METRICS, Metric, Nearest
from lt_prune.metrics.features import Features

N, M, D = 150, 4, 12


@pytest.fixture(params=[name for name in METRICS.names if METRICS.load(name).needs in ("features", "test")])
def metric(request) -> Metric:
    return METRICS.load(request.param)


def draw(n: int = N) -> tuple[torch.Tensor, torch.Tensor]:
    """Features as a ResNet gives them, not negative and some of them 0, about a centre a class; and labels."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % M
    centres = 3 * torch.randn(M, D, generator=random)
    return torch.relu(centres[labels] + torch.randn(n, D, generator=random)), labels


def features_of(values: torch.Tensor, **more: torch.Tensor) -> Features:
    """With test samples, of which metrics of features know nothing."""
    random = torch.Generator().manual_seed(1)
    return Features(values, test=torch.rand(9, D, generator=random).to(values.dtype), **more)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_gives_a_finite_float_for_each_sample(metric, dtype):
    values, labels = draw()
    scores = metric(features_of(values.to(dtype)), labels)
    assert scores.shape == (N,)
    assert scores.is_floating_point()
    assert scores.isfinite().all()


def test_scores_of_samples_differ(metric):
    values, labels = draw()
    assert len(metric(features_of(values), labels).unique()) > N / 2


@pytest.mark.parametrize("n", [1, 2, 3, M, 11, 25])
def test_takes_a_set_of_any_size(metric, n):
    values, labels = draw(n)
    scores = metric(features_of(values), labels)
    assert scores.shape == (n,)
    assert scores.isfinite().all()


@pytest.mark.parametrize("extreme", [0.0, 1e-6, 1e4], ids=["zero", "tiny", "huge"])
def test_is_finite_at_extremes(metric, extreme):
    values, labels = draw()
    assert metric(features_of(extreme * values), labels).isfinite().all()


def test_copies_have_finite_scores(metric):
    values, labels = draw()
    assert metric(features_of(values[torch.arange(N) // 30]), labels).isfinite().all()


def test_follows_its_samples_when_they_are_permuted(metric):
    values, labels = draw()
    order = torch.from_numpy(np.random.default_rng(0).permutation(N))
    moved = metric(features_of(values[order], places=order), labels[order])
    torch.testing.assert_close(moved, metric(features_of(values), labels)[order], rtol=1e-5, atol=1e-6)


def test_does_not_depend_on_the_order_of_classes(metric):
    values, labels = draw()
    order = torch.from_numpy(np.random.default_rng(0).permutation(M))
    assert torch.equal(metric(features_of(values), order[labels]), metric(features_of(values), labels))


def test_does_not_depend_on_the_blocks(metric, monkeypatch):
    values, labels = draw()
    whole = metric(features_of(values), labels)
    monkeypatch.setattr("lt_prune.metrics.features._BLOCK", 7 * N)
    torch.testing.assert_close(metric(features_of(values), labels), whole, rtol=1e-6, atol=1e-7)


def test_does_not_depend_on_the_type(metric):
    values, labels = draw()
    found = metric(features_of(values.double()), labels)
    torch.testing.assert_close(metric(features_of(values), labels).double(), found.double(), rtol=1e-4, atol=1e-5)


@given(labels=st.lists(st.integers(0, 5), min_size=1, max_size=40))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_takes_labels_of_any_kind(metric, labels):
    """Also where classes are missing, or have one sample."""
    values, _ = draw(len(labels))
    scores = metric(features_of(values), torch.tensor(labels))
    assert scores.shape == (len(labels),)
    assert scores.isfinite().all()


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_features_that_are_not_finite_are_refused(metric, bad):
    values, labels = draw()
    values[7, 1] = bad
    with pytest.raises(DivergenceError, match=r"^mine is of features that are not finite$"):
        score_whole("mine", metric, features_of(values), labels.numpy())


def test_what_it_says_of_others_are_rows(metric):
    values, labels = draw()
    found = metric.function(features_of(values), labels)
    if isinstance(found, Nearest):
        assert (found.rows.shape, found.rows.dtype) == ((N,), torch.int64)
        assert -1 <= found.rows.min() <= found.rows.max() < N


def test_again_gives_the_same_bit_for_bit(metric):
    values, labels = draw()
    assert torch.equal(metric(features_of(values), labels), metric(features_of(values), labels))


def test_leaves_its_inputs_as_they_are(metric):
    values, labels = draw()
    before = values.clone(), labels.clone()
    metric(features_of(values), labels)
    assert torch.equal(values, before[0])
    assert torch.equal(labels, before[1])
