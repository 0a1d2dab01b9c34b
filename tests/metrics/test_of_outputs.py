"""Metrics of outputs, each beside the plain formula in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lt_prune.metrics import METRICS
from lt_prune.models.network import Outputs

B, M, D = 40, 6, 9


def draw(scale: torch.Tensor | None = None) -> tuple[Outputs, np.ndarray]:
    random = np.random.default_rng(0)
    features, weight = torch.from_numpy(random.random((B, D))), torch.from_numpy(random.normal(0, 1, (M, D)))
    logits = features @ weight.T + torch.from_numpy(random.normal(0, 1, M))
    logits = logits if scale is None else scale * logits
    return Outputs(features, logits, weight, scale), random.integers(0, M, B)


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(z - max(row)) for z in row]
    return [power / sum(powers) for power in powers]


def others(row: list[float], y: int) -> list[float]:
    return [value for c, value in enumerate(row) if c != y]


PLAIN = {
    "margin": lambda phi, z, y: z[y] - max(others(z, y)),
    "entropy": lambda phi, z, y: -sum(p * math.log(p) for p in softmax(z)),
    "loss": lambda phi, z, y: -math.log(softmax(z)[y]),
    "confidence": lambda phi, z, y: max(softmax(z)),
    "self-confidence": lambda phi, z, y: softmax(z)[y],
    "grand-last": lambda phi, z, y: math.sqrt(
        sum(((p - (c == y)) * x) ** 2 for c, p in enumerate(softmax(z)) for x in [*phi, 1.0])
    ),
}
"""Of one sample: its features, its logits and its label."""


@pytest.mark.parametrize("name", PLAIN)
def test_equals_the_plain_formula(name):
    outputs, labels = draw()
    expected = [PLAIN[name](*each) for each in zip(outputs.features.tolist(), outputs.logits.tolist(), labels)]
    found = METRICS.load(name)(outputs, torch.from_numpy(labels))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_loses_no_more_precision_than_its_outputs(name, dtype):
    outputs, labels = draw()
    lower = Outputs(*(each.to(dtype) for each in (outputs.features, outputs.logits, outputs.weight)))
    expected = [PLAIN[name](*each) for each in zip(lower.features.tolist(), lower.logits.tolist(), labels)]
    np.testing.assert_allclose(METRICS.load(name)(lower, torch.from_numpy(labels)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "sure_and_right", "sure_and_wrong", "undecided"),
    [
        ("margin", 500, -500, 0),
        ("entropy", 0, 0, math.log(4)),
        ("loss", 0, 500, math.log(4)),
        ("confidence", 1, 1, 1 / 4),
        ("self-confidence", 1, 0, 1 / 4),
        ("grand-last", 0, math.sqrt(2) * math.sqrt(2), math.sqrt(3 / 4) * math.sqrt(2)),
    ],
)
def test_has_the_closed_form_of_what_is_sure_and_what_is_undecided(name, sure_and_right, sure_and_wrong, undecided):
    logits = torch.tensor([[500.0, 0, 0, 0], [500.0, 0, 0, 0], [3.0, 3, 3, 3]])
    found = METRICS.load(name)(Outputs(torch.ones(3, 1), logits, torch.ones(4, 1)), torch.tensor([0, 1, 2]))
    assert found.tolist() == pytest.approx([sure_and_right, sure_and_wrong, undecided], abs=1e-6)


def test_what_is_hard_is_high_or_low():
    high = {name for name in PLAIN if METRICS.load(name).higher_is_harder}
    assert high == {"entropy", "loss", "grand-last"}


@pytest.mark.parametrize("scale", [None, torch.linspace(0.5, 2, M, dtype=torch.float64)])
def test_grand_last_is_the_norm_of_what_autograd_gives(scale):
    outputs, labels = draw(scale)
    plain = outputs.logits if scale is None else outputs.logits / scale
    found = METRICS.load("grand-last")(outputs, torch.from_numpy(labels)).tolist()
    for phi, z, y, norm in zip(outputs.features, plain, labels, found):
        weight = outputs.weight.clone().requires_grad_()
        offset = (z - outputs.weight @ phi).requires_grad_()
        logits = weight @ phi + offset
        logits = logits if scale is None else scale * logits
        torch.nn.functional.cross_entropy(logits[None], torch.tensor([y])).backward()
        assert norm == pytest.approx(math.hypot(weight.grad.norm().item(), offset.grad.norm().item()), rel=1e-10)
