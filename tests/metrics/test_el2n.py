from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.metrics.el2n import el2n
from lt_prune.models.network import Outputs


def score(logits: torch.Tensor, labels: list[int]) -> torch.Tensor:
    """EL2N of logits; features and weights, which it must not read, are NaN."""
    nowhere = torch.full((len(logits), 2), math.nan)
    return el2n(Outputs(nowhere, logits, torch.full((logits.shape[1], 2), math.nan)), torch.tensor(labels))


def plain(logits: list[list[float]], labels: list[int]) -> list[float]:
    """Eq. 11 in float64, one number at a time."""
    norms = []
    for row, label in zip(logits, labels):
        powers = [math.exp(z - max(row)) for z in row]
        norms.append(math.hypot(*(power / sum(powers) - (c == label) for c, power in enumerate(powers))))
    return norms


def draw(dtype: torch.dtype, scale: float = 3.0) -> tuple[torch.Tensor, list[int]]:
    random = np.random.default_rng(0)
    return torch.from_numpy(random.normal(0, scale, (40, 10))).to(dtype), random.integers(0, 10, 40).tolist()


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_equals_equation_11(dtype, rtol):
    logits, labels = draw(dtype)
    np.testing.assert_allclose(score(logits, labels), plain(logits.double().tolist(), labels), rtol=rtol)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_lose_no_more_precision(dtype):
    logits, labels = draw(dtype)
    np.testing.assert_allclose(score(logits, labels).double(), plain(logits.double().tolist(), labels), rtol=1e-5)


@pytest.mark.parametrize("m", [2, 10, 1000])
def test_uniform_logits_give_the_closed_form(m):
    assert score(torch.full((1, m), 3.7), [m - 1]).item() == pytest.approx(math.sqrt(1 - 1 / m), rel=1e-6)


@given(st.floats(-15, 15))
@settings(max_examples=30, deadline=None)
def test_two_classes_give_sqrt_2_times_the_probability_of_the_other(margin):
    other = 1 / (1 + math.exp(margin))
    found = score(torch.tensor([[margin, 0.0]], dtype=torch.float64), [0]).item()
    assert found == pytest.approx(math.sqrt(2) * other, rel=1e-9)


def test_certain_and_right_is_0():
    assert score(torch.tensor([[500.0, 0.0, 0.0]]), [0]).item() == 0


def test_certain_and_wrong_is_sqrt_2():
    assert score(torch.tensor([[500.0, 0.0, 0.0]]), [1]).item() == pytest.approx(math.sqrt(2), rel=1e-6)


def test_adding_a_constant_to_all_logits_changes_nothing():
    logits, labels = draw(torch.float64)
    torch.testing.assert_close(score(logits + 100, labels), score(logits, labels), rtol=1e-10, atol=0)


def test_logits_too_large_for_exp_give_numbers():
    assert score(torch.tensor([[1e4, 0.0], [-1e4, 1e4]]), [0, 0]).tolist() == pytest.approx([0, math.sqrt(2)])


def test_high_is_hard():
    assert el2n.higher_is_harder
