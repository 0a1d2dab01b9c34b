"""What every registered training method promises. A loss of ours without a plain reference here fails."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from functools import partial
from inspect import Parameter, signature
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.config.recipe import Recipe
from lt_prune.methods import METHODS
from lt_prune.methods.loss import Loss
from lt_prune.methods.published import published_settings
from lt_prune.models.network import Outputs
from lt_prune.predictors import PREDICTORS

B, M, D = 9, 5, 8
COUNTS = [40, 20, 10, 5, 2]

Array = np.ndarray
Reference = Callable[[Array, Array, Array, Array], float]
"""(features, weight, logits, target) -> loss in training mode, all float64 numpy."""


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cosine(features: Array, weight: Array) -> Array:
    lengths = np.outer(np.linalg.norm(features, axis=1), np.linalg.norm(weight, axis=1))
    return features @ weight.T / lengths


def angular(features: Array, weight: Array) -> Array:
    return np.pi - np.arccos(cosine(features, weight))


def cross_entropy(p: Array, q: Array) -> float:
    return float(np.mean([-sum(q_c * math.log(p_c) for p_c, q_c in zip(*rows) if q_c) for rows in zip(p, q)]))


def scaled(values: Any) -> Array:
    """g, concave (Wang & Yan, Eq. 8)."""
    values = np.asarray(values, dtype=np.float64)
    return np.sin(np.pi / 2 * (values - values.min()) / (values.max() - values.min()))


def effective_weights(beta: float) -> Array:
    weights = np.array([(1 - beta) / (1 - beta**n) for n in COUNTS])
    return weights * M / weights.sum()


def plain(features: Array, weight: Array, z: Array, q: Array) -> float:
    return cross_entropy(softmax(z), q)


def focal(features: Array, weight: Array, z: Array, q: Array) -> float:
    p = softmax(z)
    return float(np.mean(np.sum(-q * (1 - p) ** 2 * np.log(p), axis=1)))


def class_balanced(features: Array, weight: Array, z: Array, q: Array) -> float:
    return float(np.mean(np.sum(-q * effective_weights(0.9999) * np.log(softmax(z)), axis=1)))


def margins(features: Array, weight: Array, z: Array, q: Array) -> float:
    margin = np.array(COUNTS) ** -0.25
    return cross_entropy(softmax(30 * (cosine(features, weight) - q * 0.5 * margin / margin.max())), q)


def balanced(features: Array, weight: Array, z: Array, q: Array) -> float:
    return cross_entropy(softmax(z + np.log(COUNTS)), q)


def smoothed(features: Array, weight: Array, z: Array, q: Array) -> float:
    log_p, f = np.log(softmax(z)), 0.3 * scaled(COUNTS)
    losses = [
        sum(q_y * -((1 - f[y]) * row[y] + f[y] / (M - 1) * sum(np.delete(row, y))) for y, q_y in enumerate(shares))
        for row, shares in zip(log_p, q)
    ]
    return float(np.mean(losses))


def entropic(features: Array, weight: Array, z: Array, q: Array) -> float:
    p = softmax(angular(features, weight))
    return cross_entropy(softmax(z), q) - float(np.mean([-sum(p_c * math.log(p_c) for p_c in row) for row in p]))


def active(features: Array, weight: Array, z: Array, q: Array) -> float:
    confidence = softmax(angular(features, weight)).mean(axis=0)
    rate = (0.75 * scaled(confidence) + scaled(COUNTS)) / 2
    return float(np.mean(np.sum(-q * (1 - rate) * np.log(softmax(z)), axis=1)))


REFERENCES: dict[str, Reference] = {
    "ce": plain,
    "mixup": plain,
    "focal": focal,
    "cb": class_balanced,
    "ldam-drw": margins,
    "balanced-softmax": balanced,
    "logit-adjust": balanced,
    "tde": plain,
    "bbn": plain,
    "crt": plain,
    "lws": plain,
    "mislas": smoothed,
    "l2a": smoothed,
    "abs": plain,
    "aem": entropic,
    "alas": active,
    "atl": active,
}


@pytest.fixture(params=METHODS.names)
def name(request) -> str:
    return request.param


def loss_of(name: str) -> Loss:
    stage = METHODS.load(name).stage
    return stage.loss(COUNTS, **{key: setting.default for key, setting in stage.settings.items()})


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


def test_every_method_of_ours_has_a_reference():
    assert sorted(REFERENCES) == sorted(name for name in METHODS.names if METHODS.is_own(name))


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize(("dtype", "rel"), [(torch.float32, 1e-5), (torch.float64, 1e-6)])
def test_loss_is_that_of_a_plain_loop(name, dtype, rel):
    outputs, target = draw(dtype)
    values = (outputs.features, outputs.weight, outputs.logits, target)
    expected = REFERENCES[name](*(value.detach().double().numpy() for value in values))
    assert loss_of(name)(outputs, target).item() == pytest.approx(expected, rel=rel)  # margins and rates are float32


def test_loss_is_one_number(name):
    assert loss_of(name)(*draw()).shape == ()


def test_gradient_flows_to_features_and_classifier(name):
    outputs, target = draw()
    loss_of(name)(outputs, target).backward()
    for tensor in (outputs.features, outputs.weight):
        assert tensor.grad.isfinite().all()
        assert tensor.grad.abs().max() > 0


def test_a_step_down_the_gradient_lowers_the_loss(name):
    outputs, target = draw()
    loss = loss_of(name)
    before = loss(outputs, target)
    before.backward()
    loss.eval()  # a rate that follows the batch stays where it is
    features = (outputs.features - 0.01 * outputs.features.grad).detach()
    moved = Outputs(features, features @ outputs.weight.T, outputs.weight)
    assert loss(moved, target) < before


def test_loss_of_a_batch_is_a_mean_over_its_samples(name):
    outputs, target = draw()
    twice = Outputs(outputs.features.repeat(2, 1), outputs.logits.repeat(2, 1), outputs.weight)
    torch.testing.assert_close(loss_of(name)(twice, target.repeat(2, 1)), loss_of(name)(outputs, target))


def test_loss_is_finite_for_logits_too_large_for_exp(name):
    features = torch.eye(M, D) * 100
    weight = torch.eye(M, D) * 100
    target = torch.eye(M).roll(1, 0)
    outputs = Outputs(features.requires_grad_(), features @ weight.T, weight)
    loss = loss_of(name)(outputs, target)
    loss.backward()
    assert loss.isfinite()
    assert features.grad.isfinite().all()


@pytest.mark.parametrize("counts", [[7] * M, [9, 4, 0, 2, 1], [1] * M], ids=["balanced", "empty class", "one each"])
def test_loss_is_finite_for_odd_counts(name, counts):
    stage = METHODS.load(name).stage
    loss = stage.loss(counts, **{key: setting.default for key, setting in stage.settings.items()})
    for epoch in range(10):
        outputs, target = draw(torch.float32)
        loss.begin_epoch(epoch, 10)
        found = loss(outputs, target)
        found.backward()
        loss.end_epoch()
        assert found.isfinite()
        assert outputs.features.grad.isfinite().all()


def test_permuting_the_classes_permutes_nothing_else(name):
    outputs, target = draw()
    order = torch.tensor([3, 0, 4, 1, 2])
    stage = METHODS.load(name).stage
    settings = {key: setting.default for key, setting in stage.settings.items()}
    permuted = stage.loss([COUNTS[c] for c in order], **settings)
    moved = Outputs(outputs.features, outputs.logits[:, order], outputs.weight[order])
    torch.testing.assert_close(permuted(moved, target[:, order]), loss_of(name)(outputs, target))


def test_a_loss_crosses_processes(name):
    stage = METHODS.load(name).stage
    make = partial(stage.loss, COUNTS, **{key: setting.default for key, setting in stage.settings.items()})
    torch.testing.assert_close(pickle.loads(pickle.dumps(make))()(*draw()), loss_of(name)(*draw()))


def test_the_state_of_a_loss_is_in_its_buffers(name):
    """What a checkpoint keeps of it is all that the next epoch needs."""
    outputs, target = draw()
    first, second = loss_of(name), loss_of(name)
    for epoch in range(9):
        first.begin_epoch(epoch, 10)
        first(outputs, target)
        first.end_epoch()
    second.load_state_dict(first.state_dict())
    for loss in (first, second):
        loss.begin_epoch(9, 10)
    assert torch.equal(first(outputs, target), second(outputs, target))


def stop_after_an_epoch(what: str, done: int, total: int) -> None:
    if (done, total) == (1, 2):
        raise InterruptedError


def test_interrupted_it_ends_at_the_same_numbers(name, blobs, in_tmp):
    small = {"epochs": 2, "batch_size": 16, "model": "resnet8", "compute": lp.Compute(device="cpu", n_threads=1)}
    if METHODS.load(name).first and METHODS.load(name).stage.recipe["epochs"]:
        small["stage2_epochs"] = 2
    whole = lp.train(blobs(), method=name, **small)
    assert np.isfinite(whole.loss).all()
    with pytest.raises(InterruptedError):
        lp.train(blobs(), method=name, out="run", progress=stop_after_an_epoch, **small)
    again = lp.train(blobs(), method=name, out="run", **small)
    assert (again.loss, again.evaluation) == (whole.loss, whole.evaluation)


def test_a_method_describes_itself(name):
    method = METHODS.load(name)
    assert method.summary
    assert method.paper
    assert method.stage.equation
    assert method.prediction in PREDICTORS.names
    assert all(setting.meaning for setting in method.settings.values())


def test_defaults_are_values_that_the_settings_can_have(name):
    for key, setting in METHODS.load(name).settings.items():
        setting.check(key, setting.default)


def test_a_loss_has_the_defaults_of_its_settings(name):
    stage = METHODS.load(name).stage
    own = {key: parameter.default for key, parameter in signature(stage.loss).parameters.items()}
    assert set(stage.settings) <= set(own)
    for key, setting in stage.settings.items():
        assert own[key] in (Parameter.empty, setting.default), key


def test_what_is_published_are_values_that_the_settings_can_have(name):
    for row in published_settings():
        for key, setting in METHODS.load(name).settings.items():
            if setting.published:
                setting.check(key, row[key])


def test_a_recipe_names_fields_of_recipe(name):
    stage = METHODS.load(name).stage
    Recipe(**stage.recipe)
    assert set(stage.tuned) <= set(vars(Recipe())) & set(published_settings()[0])


def test_a_second_stage_trains_no_backbone(name):
    method = METHODS.load(name)
    trained = Recipe(**method.stage.recipe).trained
    assert (trained == "network") == (method.first is None)
    if method.first:
        assert METHODS.load(method.first).first is None, "there are two stages at most"


def test_a_setting_has_no_name_of_a_field(name):
    fields = set(vars(Recipe()))
    assert not fields & set(METHODS.load(name).settings)
    assert not [key for key in METHODS.load(name).settings if key.startswith("stage2_")]


def test_cross_entropy_of_uniform_logits_is_the_logarithm_of_the_classes():
    nowhere = torch.full((B, D), math.nan)
    uniform = Outputs(nowhere, torch.full((B, M), 2.5), torch.full((M, D), math.nan))
    assert loss_of("ce")(uniform, draw(torch.float32)[1]).item() == pytest.approx(math.log(M), rel=1e-6)


def test_margins_are_weighted_late():
    outputs, _ = draw()
    rare = torch.eye(M, dtype=torch.float64)[[4] * 4 + [0] * 5]
    loss, settings = loss_of("ldam-drw"), METHODS.load("ldam-drw").stage.settings
    loss.begin_epoch(7, 10)
    early = loss(outputs, rare)
    loss.begin_epoch(8, 10)
    assert not torch.isclose(loss(outputs, rare), early)
    assert torch.allclose(loss.weight.double(), torch.from_numpy(effective_weights(settings["beta"].default)), rtol=1e-6)


def test_focal_loss_without_focus_is_cross_entropy():
    stage = METHODS.load("focal").stage
    torch.testing.assert_close(stage.loss(COUNTS, gamma=0.0)(*draw()), loss_of("ce")(*draw()))


def test_logit_adjustment_without_strength_is_cross_entropy():
    stage = METHODS.load("logit-adjust").stage
    torch.testing.assert_close(stage.loss(COUNTS, strength=0.0)(*draw()), loss_of("ce")(*draw()))


def test_the_other_reading_of_the_entropy_takes_it_away():
    stage = METHODS.load("aem").stage
    outputs, target = draw()
    p = softmax(angular(outputs.features.detach().numpy(), outputs.weight.detach().numpy()))
    entropy = float(np.mean(np.sum(-p * np.log(p), axis=1)))
    defaults = {key: setting.default for key, setting in stage.settings.items()}
    by_text, by_equation = (
        stage.loss(COUNTS, **{**defaults, "entropy": sign})(outputs, target).item() for sign in ("maximised", "minimised")
    )
    assert by_equation - by_text == pytest.approx(2 * entropy)


def test_alas_takes_either_logits():
    outputs, target = draw()
    settings = {key: setting.default for key, setting in METHODS.load("alas").stage.settings.items()}
    on_angular = METHODS.load("alas").stage.loss(COUNTS, **{**settings, "alas_logits": "angular"})
    features, weight = (t.detach().numpy() for t in (outputs.features, outputs.weight))
    expected = active(features, weight, angular(features, weight), target.numpy())
    assert on_angular(outputs, target).item() == pytest.approx(expected, rel=1e-6)
