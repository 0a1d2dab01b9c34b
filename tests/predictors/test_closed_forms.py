"""Each of our predictors against its definition in plain float64 numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from lt_prune.angular import AngularBiasSmoothing
from lt_prune.models.cosine import Cosines
from lt_prune.models.network import Outputs
from lt_prune.predictors import PREDICTORS

N, B, M, D = 400, 31, 5, 8
COUNTS = np.array([200, 100, 60, 30, 10])

Array = np.ndarray


class Case:
    """Outputs of a network with a bias and a learned scale, on training samples and on others."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.weight, self.bias = random.normal(size=(M, D)), random.normal(size=M)
        self.scale = random.uniform(0.5, 1.5, M)
        self.train, self.test = random.random((N, D)), random.random((B, D))
        self.labels = random.permutation(np.repeat(np.arange(M), COUNTS))

    def logits(self, features: Array) -> Array:
        return self.scale * (features @ self.weight.T + self.bias)

    def angular(self, features: Array) -> Array:
        lengths = np.outer(np.linalg.norm(features, axis=1), np.linalg.norm(self.weight, axis=1))
        return np.pi - np.arccos(features @ self.weight.T / lengths)

    def outputs(self, features: Array) -> Outputs:
        return Outputs(*map(torch.from_numpy, (features, self.logits(features), self.weight, self.scale)))

    def predict(self, name: str, counts: Array = COUNTS, **settings: Any) -> Array:
        fitted = PREDICTORS.load(name).fit(
            self.outputs(self.train), torch.from_numpy(self.labels), torch.from_numpy(counts), **settings
        )
        return fitted(self.outputs(self.test)).numpy()


@pytest.fixture
def case() -> Case:
    return Case()


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def close(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=0)


def test_linear_is_the_softmax_of_the_logits(case):
    close(case.predict("linear"), softmax(case.logits(case.test)))


def test_angular_is_the_softmax_of_pi_minus_the_angles(case):
    close(case.predict("angular"), softmax(case.angular(case.test)))


@pytest.mark.parametrize(
    ("form", "s"), [("concave", 0.25), ("linear", 0.1), ("linear", 1.0)], ids=["concave", "linear", "strong"]
)
def test_abs_weighs_angular_probabilities_by_the_lowest_mean_confidence(case, form, s):
    trained = softmax(case.angular(case.train))
    lowest = np.min([trained[case.labels == c].mean(axis=0) for c in range(M)], axis=0)
    share = (lowest - lowest.min()) / (lowest.max() - lowest.min())
    weighed = softmax(case.angular(case.test)) * (1 - s * (np.sin(np.pi / 2 * share) if form == "concave" else share))
    # the bias is kept in float32
    np.testing.assert_allclose(
        case.predict("abs", s=s, abs_form=form), weighed / weighed.sum(axis=1, keepdims=True), rtol=1e-5
    )


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_logit_adjusted_takes_the_log_of_the_prior_from_the_logits(case, tau):
    expected = softmax(case.logits(case.test) - tau * np.log(COUNTS / COUNTS.sum()))
    close(case.predict("logit-adjusted", tau=tau), expected)


def test_a_class_without_samples_is_adjusted_as_one_of_one_sample(case):
    found = case.predict("logit-adjusted", np.array([200, 100, 60, 30, 0]), tau=1.0)
    close(found, softmax(case.logits(case.test) - np.log([200, 100, 60, 30, 1])))


@pytest.mark.parametrize(
    ("name", "setting", "default", "high", "published"),
    [
        ("abs", "s", 0.25, 1, True),
        ("abs", "abs_form", "concave", None, True),
        ("logit-adjusted", "tau", 1.0, 10, False),
        ("tau-norm", "tau", 1.0, 10, False),
        ("tde", "alpha", 1.0, None, True),
    ],
)
def test_settings_have_the_papers_defaults(name, setting, default, high, published):
    found = PREDICTORS.load(name).settings[setting]
    assert (found.default, found.high, found.published) == (default, high, published)


@pytest.mark.parametrize("tau", [0.3, 1.0, 2.0])
def test_tau_norm_divides_each_row_by_a_power_of_its_length(case, tau):
    rows = case.scale[:, None] * case.weight
    expected = softmax(case.test @ (rows / np.linalg.norm(rows, axis=1, keepdims=True) ** tau).T)
    close(case.predict("tau-norm", tau=tau), expected)


def test_tau_norm_leaves_a_row_of_zeros(case):
    case.weight[2] = 0
    found = case.predict("tau-norm", tau=1.0)
    assert np.isfinite(found).all()
    rows = np.delete(case.scale[:, None] * case.weight, 2, axis=0)
    logits = case.test @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T
    close(found, softmax(np.insert(logits, 2, 0, axis=1)))


def test_logit_adjusted_without_strength_is_linear(case):
    close(case.predict("logit-adjusted", tau=0.0), case.predict("linear"))


def test_logit_adjusted_by_a_balanced_prior_is_linear(case):
    close(case.predict("logit-adjusted", np.full(M, 80), tau=1.7), case.predict("linear"))


def test_tau_norm_without_strength_is_linear_without_the_bias(case):
    found = case.predict("tau-norm", tau=0.0)
    assert not np.allclose(found, case.predict("linear"))
    case.bias[:] = 0
    close(found, case.predict("linear"))


@pytest.mark.parametrize(("at_once", "held"), [(1, 200), (310 * M, 300), (10**9, 400)])
def test_the_bias_of_abs_is_measured_on_some_classes_at_a_time(case, monkeypatch, at_once, held):
    whole, most, fit = case.predict("abs", s=0.3, abs_form="linear"), [], AngularBiasSmoothing.fit

    def noted(logits, labels, **how):
        most.append(len(logits))
        return fit(logits, labels, **how)

    monkeypatch.setattr(AngularBiasSmoothing, "fit", noted)
    monkeypatch.setattr("lt_prune.predictors.abs.AT_ONCE", at_once)
    assert np.array_equal(case.predict("abs", s=0.3, abs_form="linear"), whole)
    assert (max(most), sum(most)) == (held, N)


def test_abs_without_strength_is_angular(case):
    close(case.predict("abs", s=0.0, abs_form="concave"), case.predict("angular"))


def test_the_adjustment_raises_the_rare_classes(case):
    """Each class's share of the probabilities grows with its rarity, as the adjustment is there for."""
    ratio = case.predict("logit-adjusted", tau=1.0) / case.predict("linear")
    assert (np.diff(ratio, axis=1) > 0).all()


class Cosine(Case):
    """Outputs of a cosine classifier of two heads."""

    scale_of_all, gamma = 16.0, 1 / 32

    def logits(self, features: Array, alpha: float = 0.0) -> Array:
        """Tang et al.'s code: each head's features at length 1, less alpha times their part along the mean feature."""
        found = 0
        for f, w, d in zip(*(np.split(each, 2, axis=1) for each in (features, self.weight, self.train.mean(0)[None]))):
            f, d = f / np.linalg.norm(f, axis=1, keepdims=True), d / np.linalg.norm(d)
            left = f - alpha * (f @ d.T) * d
            found = found + left @ (w / (np.linalg.norm(w, axis=1, keepdims=True) + self.gamma)).T
        return self.scale * self.scale_of_all / 2 * found

    def outputs(self, features: Array) -> Outputs:
        return replace(super().outputs(features), how=Cosines(2, self.scale_of_all, self.gamma))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5])
def test_tde_takes_the_mean_direction_from_each_head(alpha):
    case = Cosine()
    close(case.predict("tde", alpha=alpha), softmax(case.logits(case.test, alpha)))


def test_tde_without_strength_is_linear():
    case = Cosine()
    close(case.predict("tde", alpha=0.0), case.predict("linear"))


def test_tde_of_the_mean_feature_with_full_strength_knows_no_class():
    case = Cosine()
    case.test = case.train.mean(0)[None] * np.array([[0.5], [3.0]])
    np.testing.assert_allclose(case.predict("tde", alpha=1.0), np.full((2, M), 1 / M), rtol=1e-10)


def test_the_length_of_features_takes_no_part_in_tde():
    case = Cosine()
    before = case.predict("tde", alpha=1.0)
    case.test *= np.linspace(0.1, 9, B)[:, None]
    close(case.predict("tde", alpha=1.0), before)
