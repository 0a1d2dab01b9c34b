"""What every registered metric of probabilities by networks that did not train on the sample promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lt_prune.metrics import METRICS, Metric

N, M = 60, 5


@pytest.fixture(params=[name for name in METRICS.names if METRICS.load(name).needs == "held-out"])
def metric(request) -> Metric:
    return METRICS.load(request.param)


def draw(n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, float32 (N, M), in which each sample is surest of its label but for some; and labels."""
    random = np.random.default_rng(0)
    labels = random.integers(0, M, n)
    return random.dirichlet(np.ones(M), n).astype(np.float32) * 0.6 + 0.4 * np.eye(M, dtype=np.float32)[labels], labels


def test_gives_a_finite_float_for_each_sample(metric):
    scores = metric(*draw())
    assert (scores.shape, scores.dtype) == ((N,), np.float32)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 1


def test_follows_its_samples_when_they_are_permuted(metric):
    probabilities, labels = draw()
    order = np.random.default_rng(1).permutation(N)
    np.testing.assert_allclose(metric(probabilities[order], labels[order]), metric(probabilities, labels)[order], rtol=1e-6)


def test_does_not_depend_on_the_type(metric):
    probabilities, labels = draw()
    np.testing.assert_allclose(metric(probabilities.astype(np.float64), labels), metric(probabilities, labels), rtol=1e-6)


def test_does_not_depend_on_the_order_of_classes(metric):
    probabilities, labels = draw()
    order = np.random.default_rng(2).permutation(M)
    np.testing.assert_allclose(metric(probabilities[:, order], order.argsort()[labels]), metric(probabilities, labels))


def test_a_sample_that_every_network_trained_on_is_finite_too(metric):
    probabilities, labels = draw()
    probabilities[7] = np.nan
    assert np.isfinite(metric(probabilities, labels)).all()


@given(labels=st.lists(st.integers(0, M - 1), min_size=1, max_size=N))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_takes_labels_of_any_kind(metric, labels):
    scores = metric(draw(len(labels))[0], np.array(labels))
    assert scores.shape == (len(labels),)
    assert np.isfinite(scores).all()


def test_leaves_its_inputs_as_they_are(metric):
    probabilities, labels = draw()
    before = probabilities.copy(), labels.copy()
    metric(probabilities, labels)
    assert np.array_equal(probabilities, before[0])
    assert np.array_equal(labels, before[1])
