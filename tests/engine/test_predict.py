from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lt_prune.engine.predict import probabilities as all_probabilities
from lt_prune.engine.predict import score_samples
from lt_prune.errors import DivergenceError, MemberError
from lt_prune.metrics import METRICS, Metric
from lt_prune.models import find_model
from lt_prune.models.network import Network, build_network
from lt_prune.predictors import PREDICTORS
from lt_prune.predictors.promised import promised_fit

N, M = 45, 4
OF_OUTPUTS = [name for name in METRICS.names if METRICS.load(name).needs == "outputs"]


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3)).astype(np.uint8)


@pytest.fixture
def network(pixels) -> Network:
    """A network whose batch normalisation has seen other data than it is asked about, and whose classifier has a bias."""
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=M, seed=0).train()
    network.normalise_by(pixels)
    with torch.no_grad():
        network(torch.from_numpy(pixels[:20] // 2).permute(0, 3, 1, 2))
        network.classifier.bias.copy_(torch.tensor([-1.0, 0.0, 1.0, 2.0]))
    return network


@pytest.fixture
def features(network, pixels) -> np.ndarray:
    """Features in evaluation mode, one image at a time."""
    network.eval()
    with torch.no_grad():
        one_by_one = [network.features(torch.from_numpy(image[None]).permute(0, 3, 1, 2)) for image in pixels]
    network.train()
    return torch.cat(one_by_one).double().numpy()


LABELS = np.arange(N) % M


def metrics() -> dict[str, Metric]:
    return {name: METRICS.load(name) for name in OF_OUTPUTS}


def probabilities(network: Network, pixels: np.ndarray, prediction: str, batch_size: int = 250) -> np.ndarray:
    """By one predictor that needs no outputs."""
    fitted = promised_fit(prediction, PREDICTORS.load(prediction), None, None, torch.ones(M), {})
    (found,) = all_probabilities(network, pixels, [fitted], batch_size)
    return found


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def weight_of(network: Network) -> np.ndarray:
    return network.classifier.weight.detach().double().numpy()


@pytest.mark.parametrize("prediction", ["linear", "angular"])
def test_probabilities_of_an_image_sum_to_1(network, pixels, prediction):
    found = probabilities(network, pixels, prediction)
    assert found.shape == (N, M)
    assert found.dtype == np.float32
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-6)


def test_linear_probabilities_are_the_softmax_of_the_classifier(network, pixels, features):
    logits = features @ weight_of(network).T + [-1, 0, 1, 2]
    np.testing.assert_allclose(probabilities(network, pixels, "linear"), softmax(logits), atol=1e-5)


def test_angular_probabilities_are_the_softmax_of_pi_minus_the_angles(network, pixels, features):
    weight = weight_of(network)
    lengths = np.linalg.norm(features, axis=1)[:, None] * np.linalg.norm(weight, axis=1)
    expected = softmax(math.pi - np.arccos(features @ weight.T / lengths))
    np.testing.assert_allclose(probabilities(network, pixels, "angular"), expected, atol=1e-5)


def test_the_bias_takes_no_part_in_the_angular_prediction(network, pixels):
    before = {prediction: probabilities(network, pixels, prediction) for prediction in ("linear", "angular")}
    torch.nn.init.zeros_(network.classifier.bias)
    assert np.array_equal(probabilities(network, pixels, "angular"), before["angular"])
    assert not np.allclose(probabilities(network, pixels, "linear"), before["linear"])


@pytest.mark.parametrize("prediction", ["linear", "angular"])
@pytest.mark.parametrize("size", [1, 7, 44])
def test_probabilities_do_not_depend_on_the_batch_size(network, pixels, prediction, size):
    found = probabilities(network, pixels, prediction, batch_size=size)
    np.testing.assert_allclose(found, probabilities(network, pixels, prediction), atol=1e-5)


@pytest.mark.parametrize("name", OF_OUTPUTS)
@pytest.mark.parametrize("size", [1, 7, 44])
def test_scores_do_not_depend_on_the_batch_size(network, pixels, name, size):
    whole, parts = (score_samples(network, pixels, LABELS, metrics(), batch_size)[0][name] for batch_size in (250, size))
    np.testing.assert_allclose(parts, whole, atol=1e-5)


@pytest.mark.parametrize("name", OF_OUTPUTS)
def test_a_samples_score_does_not_depend_on_the_others(network, pixels, name):
    order = np.random.default_rng(1).permutation(N)[:20]
    part = score_samples(network, pixels[order], LABELS[order], metrics())[0][name]
    np.testing.assert_allclose(part, score_samples(network, pixels, LABELS, metrics())[0][name][order], atol=1e-5)


def test_scores_are_those_of_the_features_and_the_classifier(network, pixels, features):
    scores, accuracy = score_samples(network, pixels, LABELS, metrics())
    weight = weight_of(network)
    p = softmax(features @ weight.T + [-1, 0, 1, 2])
    angle = np.arccos(features @ weight.T / np.outer(np.linalg.norm(features, axis=1), np.linalg.norm(weight, axis=1)))
    np.testing.assert_allclose(scores["el2n"], np.linalg.norm(p - np.eye(M)[LABELS], axis=1), atol=1e-5)
    np.testing.assert_allclose(scores["avh"], angle[np.arange(N), LABELS] / angle.sum(1), atol=1e-5)
    assert accuracy == np.mean(p.argmax(1) == LABELS)


def test_scores_are_a_float32_a_sample(network, pixels):
    scores, _ = score_samples(network, pixels, LABELS, metrics(), batch_size=7)
    assert {(values.shape, values.dtype) for values in scores.values()} == {((N,), np.dtype("float32"))}
    assert list(scores) == OF_OUTPUTS


def test_predicting_and_scoring_change_nothing_in_the_network(network, pixels):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    probabilities(network, pixels, "angular")
    score_samples(network, pixels, LABELS, metrics())
    assert [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])] == []


def test_predicting_and_scoring_keep_no_gradients(network, pixels):
    seen = []
    network.register_forward_hook(lambda _, __, out: seen.append(out.logits.requires_grad))
    probabilities(network, pixels, "linear")
    score_samples(network, pixels, LABELS, metrics())
    assert seen == [False, False]


def test_scoring_again_gives_the_same_bit_for_bit(network, pixels):
    first, second = (score_samples(network, pixels, LABELS, metrics())[0] for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_pixels_that_cannot_be_written_are_read(network, pixels):
    pixels.setflags(write=False)
    assert probabilities(network, pixels, "linear").shape == (N, M)


def test_scores_that_are_not_numbers_are_an_error(network, pixels):
    def broken(outputs, labels):
        return torch.where(labels == 1, math.nan, 0.5)

    bad = {"broken": Metric(broken, True, "nowhere")}
    with pytest.raises(
        MemberError, match=r"^metric 'broken' must give finite numbers, and those of . samples in a batch of 7"
    ):
        score_samples(network, pixels, LABELS, bad, batch_size=7)


def test_a_diverged_network_is_an_error_in_scoring(network, pixels):
    torch.nn.init.constant_(network.classifier.weight, math.nan)
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        score_samples(network, pixels, LABELS, metrics())


@pytest.mark.parametrize("prediction", ["linear", "angular"])
def test_a_diverged_network_is_an_error_in_prediction(network, pixels, prediction):
    torch.nn.init.constant_(network.classifier.weight, math.nan)
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        probabilities(network, pixels, prediction)
