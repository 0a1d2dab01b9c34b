"""What every registered metric of outputs promises; others are in files named after what they need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lt_prune.engine.answers import answer
from lt_prune.errors import DivergenceError
from lt_prune.metrics import METRICS, NEEDS, Metric
from lt_prune.models.network import Outputs

B, M, D = 23, 7, 16


@pytest.fixture(params=[name for name in METRICS.names if METRICS.load(name).needs == "outputs"])
def metric(request) -> Metric:
    return METRICS.load(request.param)


def outputs_of(features: torch.Tensor, weight: torch.Tensor) -> Outputs:
    return Outputs(features, features @ weight.T, weight)


def draw(dtype: torch.dtype = torch.float32) -> tuple[Outputs, torch.Tensor]:
    """Outputs of a batch as a ResNet gives them (features are not negative), and labels."""
    random = torch.Generator().manual_seed(0)
    features = torch.rand(B, D, generator=random, dtype=torch.float64).to(dtype)
    weight = torch.randn(M, D, generator=random, dtype=torch.float64).to(dtype)
    return outputs_of(features, weight), torch.randint(0, M, (B,), generator=random)


def rows(outputs: Outputs, chosen: torch.Tensor | slice) -> Outputs:
    return Outputs(outputs.features[chosen], outputs.logits[chosen], outputs.weight)


def sure(sharpness: float) -> Outputs:
    """Two samples, both predicted to be of class 0."""
    return outputs_of(sharpness * torch.eye(M)[[0, 0]], torch.eye(M))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_gives_a_finite_float_for_each_sample(metric, dtype):
    outputs, labels = draw(dtype)
    scores = metric(outputs, labels)
    assert scores.shape == (B,)
    assert scores.is_floating_point()
    assert scores.isfinite().all()


def test_scores_of_samples_differ(metric):
    outputs, labels = draw()
    assert len(metric(outputs, labels).unique()) == B


@pytest.mark.parametrize("extreme", [0.0, 1e-6, 1e4], ids=["zero", "tiny", "huge"])
def test_is_finite_at_extremes(metric, extreme):
    outputs, labels = draw()
    scores = metric(outputs_of(extreme * outputs.features, outputs.weight), labels)
    assert scores.isfinite().all()


@pytest.mark.parametrize("size", [1, 2, 10])
def test_does_not_depend_on_the_batch(metric, size):
    outputs, labels = draw()
    parts = [metric(rows(outputs, slice(i, i + size)), labels[i : i + size]) for i in range(0, B, size)]
    torch.testing.assert_close(torch.cat(parts), metric(outputs, labels), rtol=1e-6, atol=1e-7)


def test_follows_its_samples_when_they_are_permuted(metric):
    outputs, labels = draw()
    order = torch.from_numpy(np.random.default_rng(0).permutation(B))
    permuted = metric(rows(outputs, order), labels[order])
    torch.testing.assert_close(permuted, metric(outputs, labels)[order], rtol=1e-6, atol=1e-7)


def test_does_not_depend_on_the_order_of_classes(metric):
    outputs, labels = draw(torch.float64)
    order = torch.from_numpy(np.random.default_rng(0).permutation(M))
    renamed = metric(outputs_of(outputs.features, outputs.weight[order]), order.argsort()[labels])
    torch.testing.assert_close(renamed, metric(outputs, labels), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_does_not_depend_on_the_type(metric, dtype):
    """Beyond what the outputs themselves lose by it."""
    outputs, labels = draw(dtype)
    whole = Outputs(*(each.double() for each in (outputs.features, outputs.logits, outputs.weight)))
    found, expected = metric(outputs, labels).double(), metric(whole, labels).double()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@given(labels=st.lists(st.integers(0, M - 1), min_size=1, max_size=B))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_takes_labels_of_any_kind(metric, labels):
    outputs, some = draw()[0], slice(len(labels))
    scores = metric(rows(outputs, some), torch.tensor(labels))
    assert scores.shape == (len(labels),)
    assert scores.isfinite().all()


def test_leaves_its_inputs_as_they_are(metric):
    outputs, labels = draw()
    before = [t.clone() for t in (outputs.features, outputs.logits, outputs.weight, labels)]
    metric(outputs, labels)
    assert all(torch.equal(*pair) for pair in zip(before, (outputs.features, outputs.logits, outputs.weight, labels)))


@pytest.mark.parametrize("sharpness", [1.0, 10.0])
def test_sure_and_right_is_no_harder_than_sure_and_wrong(metric, sharpness):
    """It is easier, by all that take the label in."""
    right, wrong = metric(sure(sharpness), torch.tensor([0, 1])).tolist()
    easier, harder = (right, wrong) if metric.higher_is_harder else (wrong, right)
    assert easier <= harder


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_outputs_that_are_not_finite_are_refused(metric, bad):
    outputs, labels = draw()
    outputs = outputs_of(outputs.features.clone().index_fill_(0, torch.tensor(3), bad), outputs.weight)
    with pytest.raises(DivergenceError, match=r"of . samples is not finite"):
        answer("mine", metric, outputs, labels)


@pytest.mark.parametrize("name", [name for name in METRICS.names if METRICS.is_own(name)])
def test_one_of_ours_has_an_independent_reference(name):
    tests = Path(__file__).parents[1] / "metrics"
    own = tests / f"test_{name.replace('-', '_')}.py"
    assert own.exists() or any(f'"{name}"' in file.read_text() for file in tests.glob("test_*.py"))


@pytest.mark.parametrize("name", METRICS.names)
def test_declares_direction_definition_paper_and_need(name):
    declared = METRICS.load(name)
    assert isinstance(declared.higher_is_harder, bool)
    assert declared.equation.strip()
    assert declared.needs in NEEDS
    assert declared.paper.strip() or not METRICS.is_own(name)
