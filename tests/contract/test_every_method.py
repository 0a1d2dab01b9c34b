"""What every registered training method promises. A method without a plain reference here fails."""

from __future__ import annotations

import math

import pytest
import torch

from lt_prune.methods import METHODS
from lt_prune.models.network import Outputs

B, M, D = 9, 5, 8


def plain_cross_entropy(features: list[list[float]], logits: list[list[float]], target: list[list[float]]) -> float:
    losses = []
    for row, shares in zip(logits, target):
        log_sum = max(row) + math.log(sum(math.exp(z - max(row)) for z in row))
        losses.append(-sum(share * (z - log_sum) for share, z in zip(shares, row)))
    return sum(losses) / len(losses)


REFERENCES = {"ce": plain_cross_entropy}
"""Name -> (features, logits, target) -> loss, in float64."""


@pytest.fixture(params=METHODS.names)
def name(request) -> str:
    return request.param


def draw(dtype: torch.dtype = torch.float64) -> tuple[Outputs, torch.Tensor]:
    """Outputs of a batch and soft targets, as mixup makes them."""
    random = torch.Generator().manual_seed(0)
    features = torch.rand(B, D, generator=random, dtype=torch.float64).to(dtype).requires_grad_()
    weight = torch.randn(M, D, generator=random, dtype=torch.float64).to(dtype).requires_grad_()
    target = torch.zeros(B, M, dtype=dtype)
    for row in target:
        first, second = torch.randperm(M, generator=random)[:2]
        row[first], row[second] = 0.7, 0.3
    return Outputs(features, features @ weight.T, weight), target


def test_every_method_has_a_reference():
    assert sorted(REFERENCES) == sorted(METHODS.names)


@pytest.mark.parametrize(("dtype", "rel"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_loss_is_that_of_a_plain_loop(name, dtype, rel):
    outputs, target = draw(dtype)
    values = (outputs.features, outputs.logits, target)
    expected = REFERENCES[name](*(value.detach().double().tolist() for value in values))
    assert METHODS.load(name)(outputs, target).item() == pytest.approx(expected, rel=rel)


def test_loss_is_one_number(name):
    assert METHODS.load(name)(*draw()).shape == ()


def test_gradient_flows_to_features_and_classifier(name):
    outputs, target = draw()
    METHODS.load(name)(outputs, target).backward()
    for tensor in (outputs.features, outputs.weight):
        assert tensor.grad.isfinite().all()
        assert tensor.grad.abs().max() > 0


def test_a_step_down_the_gradient_lowers_the_loss(name):
    outputs, target = draw()
    loss = METHODS.load(name)(outputs, target)
    loss.backward()
    features = (outputs.features - 0.01 * outputs.features.grad).detach()
    moved = Outputs(features, features @ outputs.weight.T, outputs.weight)
    assert METHODS.load(name)(moved, target) < loss


def test_loss_of_a_batch_is_a_mean_over_its_samples(name):
    outputs, target = draw()
    twice = Outputs(outputs.features.repeat(2, 1), outputs.logits.repeat(2, 1), outputs.weight)
    torch.testing.assert_close(METHODS.load(name)(twice, target.repeat(2, 1)), METHODS.load(name)(outputs, target))


def test_loss_is_finite_for_logits_too_large_for_exp(name):
    features = torch.eye(M, D) * 100
    weight = torch.eye(M, D) * 100
    target = torch.eye(M).roll(1, 0)
    assert METHODS.load(name)(Outputs(features, features @ weight.T, weight), target).isfinite()


def test_cross_entropy_of_uniform_logits_is_the_logarithm_of_the_classes():
    nowhere = torch.full((B, D), math.nan)
    uniform = Outputs(nowhere, torch.full((B, M), 2.5), torch.full((M, D), math.nan))
    assert METHODS.load("ce")(uniform, draw(torch.float32)[1]).item() == pytest.approx(math.log(M), rel=1e-6)
