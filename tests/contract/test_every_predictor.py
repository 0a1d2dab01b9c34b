"""What every registered predictor promises."""

from __future__ import annotations

import pickle
from dataclasses import replace
from inspect import signature

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.config.recipe import Recipe
from lt_prune.methods import METHODS
from lt_prune.models.cosine import Cosines
from lt_prune.models.head import LINEAR
from lt_prune.models.network import Outputs
from lt_prune.predictors import PREDICTORS, Fitted, Predictor

N, B, M, D = 600, 23, 7, 16


@pytest.fixture(params=PREDICTORS.names)
def name(request) -> str:
    return request.param


@pytest.fixture
def predictor(name) -> Predictor:
    return PREDICTORS.load(name)


def outputs_of(
    predictor: Predictor, features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, scale: torch.Tensor
) -> Outputs:
    """Of a linear classifier, or of one that the predictor is for."""
    if (predictor.head or LINEAR).is_kind_of(LINEAR):
        return Outputs(features, scale * (features @ weight.T + bias), weight, scale)
    how: Cosines = predictor.head.with_settings({}).make(D, M).how
    return Outputs(features, scale * how.logits(how.directions(features), weight), weight, scale, how)


def classifier(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    weight = torch.randn(M, D, generator=random, dtype=torch.float64)
    bias, scale = torch.randn(M, generator=random), 0.5 + torch.rand(M, generator=random)
    return weight.to(dtype), bias.to(dtype), scale.to(dtype)


def draw(predictor: Predictor, n: int, seed: int, dtype: torch.dtype = torch.float32) -> Outputs:
    """Outputs of n samples as a ResNet gives them: features are not negative."""
    random = torch.Generator().manual_seed(seed)
    features = torch.rand(n, D, generator=random, dtype=torch.float64).to(dtype)
    return outputs_of(predictor, features, *classifier(dtype))


def labels_of(n: int, n_classes: int = M) -> torch.Tensor:
    """The first class is the most frequent."""
    return (n_classes * torch.linspace(0, 1, n + 1)[:-1] ** 2).long()


def fit(
    predictor: Predictor, dtype: torch.dtype = torch.float32, order: torch.Tensor | None = None, n_classes: int = M
) -> Fitted:
    """Fitted on N samples, the classes of which may come in another order."""
    outputs, labels = draw(predictor, N, 1, dtype), labels_of(N, n_classes)
    if order is not None:
        outputs, labels = renamed(outputs, order), order.argsort()[labels]
    counts = torch.bincount(labels, minlength=M)
    settings = {key: setting.default for key, setting in predictor.settings.items()}
    return predictor.fit(*((outputs, labels) if predictor.needs_outputs else (None, None)), counts, **settings)


def rows(outputs: Outputs, chosen: torch.Tensor | slice) -> Outputs:
    return replace(outputs, features=outputs.features[chosen], logits=outputs.logits[chosen])


def renamed(outputs: Outputs, order: torch.Tensor) -> Outputs:
    logits, weight, scale = outputs.logits[:, order], outputs.weight[order], outputs.scale[order]
    return replace(outputs, logits=logits, weight=weight, scale=scale)


def assert_probabilities(found: torch.Tensor, n: int) -> None:
    assert found.shape == (n, M)
    assert found.is_floating_point()
    assert found.isfinite().all()
    assert found.min() >= 0
    torch.testing.assert_close(found.double().sum(dim=1), torch.ones(n, dtype=torch.float64), rtol=1e-5, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_are_probabilities_that_sum_to_1(predictor, dtype):
    assert_probabilities(fit(predictor, dtype)(draw(predictor, B, 2, dtype)), B)


@pytest.mark.parametrize("extreme", [0.0, 1e-6, 1e4], ids=["zero", "tiny", "huge"])
def test_they_are_finite_at_extremes(predictor, extreme):
    assert_probabilities(fit(predictor)(outputs_of(predictor, extreme * draw(predictor, B, 2).features, *classifier())), B)


def test_a_class_without_training_samples_is_no_obstacle(predictor):
    assert_probabilities(fit(predictor, n_classes=M - 2)(draw(predictor, B, 2)), B)


def test_outputs_without_a_scale_are_those_of_a_scale_of_1(predictor):
    weight, bias, _ = classifier()
    features, fitted = draw(predictor, B, 2).features, fit(predictor)
    scaled = outputs_of(predictor, features, weight, bias, torch.ones(M))
    torch.testing.assert_close(fitted(replace(scaled, scale=None)), fitted(scaled))


@pytest.mark.parametrize("size", [1, 2, 10])
def test_a_sample_is_predicted_alike_in_any_batch(predictor, size):
    fitted, outputs = fit(predictor), draw(predictor, B, 2)
    parts = [fitted(rows(outputs, slice(i, i + size))) for i in range(0, B, size)]
    torch.testing.assert_close(torch.cat(parts), fitted(outputs), rtol=1e-5, atol=1e-6)


def test_predictions_follow_their_samples(predictor):
    fitted, outputs = fit(predictor), draw(predictor, B, 2)
    order = torch.from_numpy(np.random.default_rng(0).permutation(B))
    torch.testing.assert_close(fitted(rows(outputs, order)), fitted(outputs)[order], rtol=1e-5, atol=1e-6)


def test_predictions_follow_their_classes(predictor):
    order = torch.from_numpy(np.random.default_rng(0).permutation(M))
    moved = fit(predictor, torch.float64, order)(renamed(draw(predictor, B, 2, torch.float64), order))
    expected = fit(predictor, torch.float64)(draw(predictor, B, 2, torch.float64))[:, order]
    torch.testing.assert_close(moved, expected, rtol=1e-5, atol=1e-6)


def test_it_predicts_the_same_in_another_process(predictor):
    fitted, outputs = fit(predictor), draw(predictor, B, 2)
    assert torch.equal(pickle.loads(pickle.dumps(fitted))(outputs), fitted(outputs))


def test_fitting_again_predicts_the_same(predictor):
    assert torch.equal(fit(predictor)(draw(predictor, B, 2)), fit(predictor)(draw(predictor, B, 2)))


def test_outputs_stay_as_they_are(predictor):
    outputs = draw(predictor, B, 2)
    tensors = [value for value in vars(outputs).values() if isinstance(value, torch.Tensor)]
    before = [tensor.clone() for tensor in tensors]
    fit(predictor)(outputs)
    assert all(torch.equal(*pair) for pair in zip(before, tensors))


def test_it_says_where_it_is_defined(predictor):
    assert predictor.equation.strip()
    assert predictor.paper.strip()
    assert isinstance(predictor.needs_outputs, bool)


def test_settings_are_what_the_fit_takes(predictor):
    assert list(signature(predictor.fit).parameters)[3:] == list(predictor.settings)
    for key, setting in predictor.settings.items():
        assert setting.meaning.strip()
        setting.check(key, setting.default)
        assert key not in vars(Recipe())


def method_for(predictor: Predictor) -> str:
    """One whose networks it is for."""
    heads = {method: METHODS.load(method).stage.head for method in METHODS.names if METHODS.load(method).first is None}
    return next(method for method, head in heads.items() if predictor.head is None or predictor.head.is_kind_of(head))


def test_a_run_predicts_by_it_and_is_tested_so_again(name, predictor, blobs, in_tmp):
    small = {"epochs": 1, "model": "resnet8", "batch_size": 16, "compute": lp.Compute(device="cpu")}
    method = method_for(predictor)
    result = lp.train(blobs(), method=method, prediction=name, out="mine", **small)
    assert result.spec.prediction == name
    assert set(result.spec.settings) == {*predictor.settings, *METHODS.load(method).stage.every_setting}
    assert lp.evaluate("mine", blobs()) == result.evaluation == lp.evaluate("mine", blobs(), prediction=name)
