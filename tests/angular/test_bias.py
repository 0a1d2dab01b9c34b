from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lt_prune.angular import AngularBiasSmoothing

LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])


def draw(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * math.pi


def plain_gamma(logits: torch.Tensor, labels: torch.Tensor, s: float, form: str) -> np.ndarray:
    powers = np.exp(logits.numpy())
    p = powers / powers.sum(axis=1, keepdims=True)
    means = [p[labels.numpy() == c].mean(axis=0) for c in sorted(set(labels.tolist()))]
    bias = np.array([min(mean[i] for mean in means) for i in range(4)])
    share = (bias - bias.min()) / (bias.max() - bias.min())
    return 1 - s * (np.sin(np.pi / 2 * share) if form == "concave" else share)


@pytest.mark.parametrize("form", ["concave", "linear"])
@pytest.mark.parametrize("s", [0.0, 0.1, 0.25, 1.0])
def test_gamma_is_that_of_the_equations(form, s):
    smoothing = AngularBiasSmoothing.fit(draw(10), LABELS, s=s, form=form)
    np.testing.assert_allclose(smoothing.gamma, plain_gamma(draw(10), LABELS, s, form), rtol=1e-5)


@pytest.mark.parametrize("form", ["concave", "linear"])
def test_gamma_lies_between_1_minus_s_and_1_and_reaches_both(form):
    gamma = AngularBiasSmoothing.fit(draw(10), LABELS, s=0.3, form=form).gamma
    assert (gamma.min().item(), gamma.max().item()) == pytest.approx((0.7, 1.0), rel=1e-6)


def test_without_strength_it_is_the_angular_prediction():
    smoothing = AngularBiasSmoothing.fit(draw(10), LABELS, s=0.0)
    torch.testing.assert_close(smoothing(draw(6, seed=1)), torch.softmax(draw(6, seed=1), dim=1))


def test_probabilities_are_weighed_and_sum_to_1():
    logits = draw(6, seed=1)
    weighed = torch.softmax(logits, dim=1).numpy() * plain_gamma(draw(10), LABELS, 0.5, "concave")
    found = AngularBiasSmoothing.fit(draw(10), LABELS, s=0.5)(logits)
    np.testing.assert_allclose(found, weighed / weighed.sum(axis=1, keepdims=True), rtol=1e-5)


def test_leading_axes_are_kept():
    smoothing, logits = AngularBiasSmoothing.fit(draw(10), LABELS), draw(6, seed=1)
    torch.testing.assert_close(smoothing(logits.reshape(2, 3, 4)), smoothing(logits).reshape(2, 3, 4), rtol=1e-12, atol=0)


def test_the_bias_is_no_part_of_what_is_trained():
    smoothing = AngularBiasSmoothing.fit(draw(10).requires_grad_(), LABELS)
    assert not smoothing.bias.requires_grad
    assert list(smoothing.parameters()) == []


def test_a_class_without_samples_has_no_part():
    without = LABELS.clone()
    without[-1] = 0
    np.testing.assert_allclose(
        AngularBiasSmoothing.fit(draw(10), without).gamma, plain_gamma(draw(10), without, 0.25, "concave"), rtol=1e-5
    )


def test_a_balanced_bias_weighs_nothing():
    smoothing = AngularBiasSmoothing.fit(torch.zeros(4, 4), torch.arange(4))
    assert smoothing.gamma.tolist() == [1, 1, 1, 1]


def test_permuting_classes_permutes_the_result():
    order = torch.tensor([2, 0, 3, 1])
    permuted = AngularBiasSmoothing.fit(draw(10)[:, order], torch.argsort(order)[LABELS])
    torch.testing.assert_close(permuted.gamma, AngularBiasSmoothing.fit(draw(10), LABELS).gamma[order])


def test_it_is_kept_in_a_state_dict():
    first = AngularBiasSmoothing.fit(draw(10), LABELS)
    second = AngularBiasSmoothing(torch.zeros(4))
    second.load_state_dict(first.state_dict())
    assert torch.equal(second.gamma, first.gamma)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    smoothing, logits = AngularBiasSmoothing.fit(draw(10), LABELS), draw(6, seed=1).to(dtype)
    found = smoothing(logits)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), smoothing(logits.double()), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"s": -0.1}, "s must be"), ({"s": 1.5}, "s must be"), ({"s": math.nan}, "s must be"), ({"form": "cube"}, "form must")],
)
def test_unusable_choices_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        AngularBiasSmoothing.fit(draw(10), LABELS, **changes)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="there are none"):
        AngularBiasSmoothing.fit(draw(0), torch.zeros(0, dtype=torch.int64))
