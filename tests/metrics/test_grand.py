from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lt_prune.metrics import METRICS
from lt_prune.metrics.grand import grand
from lt_prune.metrics.probe import Probe
from lt_prune.models import find_model
from lt_prune.models.network import Network, build_network

B, M = 9, 4
LABELS = torch.arange(B) % M


def images() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (B, 3, 8, 8))).float()


@pytest.fixture
def network() -> Network:
    """A small ResNet whose batch normalisation has seen other images."""
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=M, seed=0).train()
    with torch.no_grad():
        network(images() / 3)
    return network.eval()


def one_by_one(network: Network, samples: torch.Tensor) -> list[float]:
    """A backward pass a sample."""
    norms = []
    for sample, label in zip(samples, LABELS):
        network.zero_grad()
        F.cross_entropy(network(sample[None]).logits, label[None]).backward()
        norms.append(
            sum(float(each.grad.double().square().sum()) for each in network.parameters() if each.requires_grad) ** 0.5
        )
    network.zero_grad()
    return norms


def test_equals_a_backward_pass_a_sample(network):
    expected = one_by_one(network, images())
    np.testing.assert_allclose(grand(Probe(network, images()), LABELS), expected, rtol=1e-4)


def test_chunks_change_nothing(network, monkeypatch):
    whole = grand(Probe(network, images()), LABELS)
    monkeypatch.setattr("lt_prune.metrics.grand._HELD", 2 * sum(each.numel() for each in network.parameters()))
    torch.testing.assert_close(grand(Probe(network, images()), LABELS), whole, rtol=1e-4, atol=1e-6)


def test_of_a_linear_model_it_is_that_of_the_last_layer():
    network = build_network(find_model("linear"), (5,), n_classes=M, seed=0).eval()
    samples = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (B, 5))).float()
    with torch.no_grad():
        last = METRICS.load("grand-last")(network(samples), LABELS)
    torch.testing.assert_close(grand(Probe(network, samples), LABELS), last)


def test_what_is_frozen_takes_no_part(network):
    network.train_only("classifier")
    with torch.no_grad():
        last = METRICS.load("grand-last")(network(images()), LABELS)
    torch.testing.assert_close(grand(Probe(network, images()), LABELS), last, rtol=1e-4, atol=1e-6)


def test_is_computed_only_where_it_is_named():
    assert not grand.is_cheap(1)
