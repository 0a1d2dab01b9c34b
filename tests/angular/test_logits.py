from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.angular import AngularLinear, angles, angular_logits


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def plain_angles(features: list[list[float]], weight: list[list[float]]) -> list[list[float]]:
    def angle(a: list[float], b: list[float]) -> float:
        return math.acos(sum(x * y for x, y in zip(a, b)) / (math.hypot(*a) * math.hypot(*b)))

    return [[angle(feature, row) for row in weight] for feature in features]


def test_angles_are_those_of_a_plain_loop():
    features, weight = draw(7, 5), draw(3, 5, seed=1)
    np.testing.assert_allclose(angles(features, weight), plain_angles(features.tolist(), weight.tolist()), rtol=1e-12)


def test_float32_angles_are_those_of_a_plain_loop():
    features, weight = draw(7, 64, dtype=torch.float32), draw(10, 64, seed=1, dtype=torch.float32)
    np.testing.assert_allclose(angles(features, weight), plain_angles(features.tolist(), weight.tolist()), atol=2e-6)


def test_known_angles():
    weight = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [-1.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[0, 0.25, 0.5, 0.75, 1]], dtype=torch.float64) * math.pi
    torch.testing.assert_close(angles(torch.tensor([[3.0, 0.0]], dtype=torch.float64), weight), expected, rtol=0, atol=1e-7)


def test_angular_logits_are_pi_minus_the_angle():
    features, weight = draw(7, 5), draw(3, 5, seed=1)
    expected = math.pi - np.array(plain_angles(features.tolist(), weight.tolist()))
    np.testing.assert_allclose(angular_logits(features, weight), expected, rtol=1e-12)


@given(st.integers(0, 10**6), st.floats(-30, 30), st.sampled_from([torch.float32, torch.float64, torch.float16]))
@settings(max_examples=30, deadline=None)
def test_angular_logits_lie_between_0_and_pi(seed, exponent, dtype):
    features = draw(6, 4, seed=seed) * (10.0**exponent if dtype == torch.float64 else 1)
    features[0], features[1], features[2] = features[3], -features[3], 0
    weight = torch.cat([features[3:], torch.zeros(1, 4, dtype=torch.float64)])
    found = angular_logits(features.to(dtype), weight.to(dtype))
    assert ((found >= 0) & (found <= torch.tensor(math.pi, dtype=found.dtype))).all()


def test_leading_axes_are_kept():
    features, weight = draw(2, 3, 4, 5), draw(3, 5, seed=1)
    expected = angles(features.reshape(24, 5), weight).reshape(2, 3, 4, 3)
    torch.testing.assert_close(angles(features, weight), expected, rtol=1e-12, atol=0)


def test_scaling_a_vector_does_not_turn_it():
    features, weight = draw(7, 5), draw(3, 5, seed=1)
    scaled = angles(features * 1e-5, weight * torch.tensor([[1e-3], [1.0], [1e4]], dtype=torch.float64))
    torch.testing.assert_close(scaled, angles(features, weight), rtol=1e-12, atol=0)


def test_a_zero_vector_is_at_a_right_angle_to_everything():
    features, weight = draw(2, 5), draw(3, 5, seed=1)
    features[0], weight[1] = 0, 0
    found = angles(features, weight)
    assert found[0].tolist() == pytest.approx([math.pi / 2] * 3, abs=1e-12)
    assert found[:, 1].tolist() == pytest.approx([math.pi / 2] * 2, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("factor", [1.0, -1.0, 0.0], ids=["parallel", "opposite", "zero"])
def test_gradients_stay_finite(factor, dtype):
    weight = draw(3, 5, dtype=dtype).requires_grad_()
    features = (weight.detach() * factor).requires_grad_()
    angular_logits(features, weight).sum().backward()
    assert features.grad.isfinite().all()
    assert weight.grad.isfinite().all()


def test_gradients_of_a_zero_weight_stay_finite():
    features, weight = draw(2, 5).requires_grad_(), torch.zeros(3, 5, dtype=torch.float64, requires_grad=True)
    angular_logits(features, weight).sum().backward()
    assert features.grad.isfinite().all()
    assert weight.grad.isfinite().all()


def test_gradients_are_those_of_finite_differences():
    assert torch.autograd.gradcheck(angles, (draw(4, 5).requires_grad_(), draw(3, 5, seed=1).requires_grad_()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    features, weight = draw(7, 64, dtype=dtype), draw(10, 64, seed=1, dtype=dtype)
    found = angles(features, weight)
    assert found.dtype == torch.float32
    expected = plain_angles(features.double().tolist(), weight.double().tolist())
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_half_precision_features_do_not_overflow():
    features = torch.full((1, 64), 6e4, dtype=torch.float16)
    assert angles(features, -features).item() == pytest.approx(math.pi, abs=1e-3)


def test_the_gradient_of_a_zero_vector_is_zero():
    features, weight = torch.zeros(1, 5, requires_grad=True), draw(3, 5, dtype=torch.float32)
    angular_logits(features, weight).sum().backward()
    assert features.grad.count_nonzero() == 0


def test_autocast_lowers_no_precision():
    features, weight = draw(7, 64, dtype=torch.float32), draw(10, 64, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = angular_logits(features, weight)
    assert torch.equal(found, angular_logits(features, weight))


def test_it_compiles_to_one_graph():
    features, weight = draw(7, 64, dtype=torch.float32), draw(10, 64, seed=1, dtype=torch.float32)
    compiled = torch.compile(angular_logits, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(features, weight), angular_logits(features, weight))


def test_an_angular_classifier_gives_the_angular_logits_of_its_weight():
    classifier = AngularLinear(5, 3)
    features = draw(7, 5, dtype=torch.float32)
    torch.testing.assert_close(classifier(features), angular_logits(features, classifier.weight))
    assert [name for name, _ in classifier.named_parameters()] == ["weight"]


def test_an_angular_classifier_starts_from_normal_weights_of_variance_2_over_the_features():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weight = AngularLinear(500, 400).weight.detach().double()
    assert weight.mean().abs() < 5 * math.sqrt(2 / 500 / weight.numel())
    assert weight.var().item() == pytest.approx(2 / 500, rel=5 * math.sqrt(2 / weight.numel()))
    assert (weight.abs() < math.sqrt(2 / 500)).double().mean().item() == pytest.approx(math.erf(math.sqrt(0.5)), abs=0.01)


def test_a_linear_classifier_becomes_angular_with_the_same_weight():
    linear = torch.nn.Linear(5, 3)
    classifier = AngularLinear.from_linear(linear)
    assert classifier.weight is linear.weight
    features = draw(7, 5, dtype=torch.float32)
    torch.testing.assert_close(classifier(features), angular_logits(features, linear.weight))


def test_a_torchvision_model_predicts_by_angle_after_one_assignment():
    model = torchvision.models.resnet18(num_classes=4).eval()
    features = []
    model.fc.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    images = draw(2, 3, 64, 64, dtype=torch.float32)
    model(images)
    weight = model.fc.weight
    model.fc = AngularLinear.from_linear(model.fc)
    torch.testing.assert_close(model(images), angular_logits(features[0], weight))


def test_an_angular_classifier_shows_its_sizes():
    assert repr(AngularLinear(5, 3)) == "AngularLinear(in_features=5, out_features=3)"
    assert repr(AngularLinear.from_linear(torch.nn.Linear(7, 2))) == "AngularLinear(in_features=7, out_features=2)"


@pytest.mark.parametrize("bias", [True, False])
def test_weights_saved_before_the_swap_load_after_it(bias, tmp_path):
    def network(classifier: torch.nn.Module) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ModuleDict({"fc": classifier}))

    before = network(torch.nn.Linear(5, 3, bias=bias))
    torch.save(before.state_dict(), tmp_path / "saved.pt")
    saved = torch.load(tmp_path / "saved.pt", weights_only=True)
    after = network(AngularLinear.from_linear(torch.nn.Linear(5, 3, bias=bias)))
    assert after.load_state_dict(saved) == ([], [])
    assert torch.equal(after[1]["fc"].weight, before[1]["fc"].weight)
    assert torch.equal(after[0].bias, before[0].bias)
    assert ("1.fc.bias" in saved) == bias  # what was read is as it was


def test_only_a_bias_is_passed_over():
    linear = torch.nn.Linear(5, 3)
    with pytest.raises(RuntimeError, match=r"Unexpected key.*scale"):
        AngularLinear(5, 3).load_state_dict({**linear.state_dict(), "scale": torch.ones(3)})
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        AngularLinear(4, 3).load_state_dict(linear.state_dict())
    with pytest.raises(RuntimeError, match=r"Missing key.*weight"):
        AngularLinear(5, 3).load_state_dict({"bias": linear.bias})
