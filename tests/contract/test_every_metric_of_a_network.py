"""What every registered metric of the trained network itself promises."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from lt_prune.engine.answers import answer
from lt_prune.errors import LtPruneError
from lt_prune.metrics import METRICS, Metric
from lt_prune.metrics.probe import Probe
from lt_prune.models import find_model
from lt_prune.models.network import Network, build_network

B, M = 11, 4
LABELS = torch.arange(B) % M


@pytest.fixture(params=[name for name in METRICS.names if METRICS.load(name).needs == "network"])
def metric(request) -> Metric:
    return METRICS.load(request.param)


@pytest.fixture(params=["resnet8", "linear", "mlp"])
def probe(request) -> Probe:
    shape = (8, 8, 3) if request.param == "resnet8" else (5,)
    network = build_network(find_model(request.param), shape, n_classes=M, seed=0)
    random = np.random.default_rng(0)
    samples = random.integers(0, 256, (B, *shape)).astype(np.uint8) if len(shape) > 1 else random.random((B, *shape))
    network.normalise_by(samples.astype(np.float32) if len(shape) == 1 else samples)
    moved = torch.from_numpy(samples).float()
    return Probe(network.eval(), moved.permute(0, 3, 1, 2) if len(shape) > 1 else moved)


def ask(metric: Metric, network: Network, samples: torch.Tensor, labels: torch.Tensor = LABELS) -> torch.Tensor:
    return metric(Probe(network, samples), labels)


def test_gives_a_finite_float_for_each_sample(metric, probe):
    scores = metric(probe, LABELS)
    assert scores.shape == (B,)
    assert scores.is_floating_point()
    assert scores.isfinite().all()


@pytest.mark.parametrize("size", [1, 4])
def test_does_not_depend_on_the_batch(metric, probe, size):
    parts = [ask(metric, probe.network, *each) for each in zip(probe.samples.split(size), LABELS.split(size))]
    torch.testing.assert_close(torch.cat(parts), metric(probe, LABELS), rtol=1e-4, atol=1e-5)


def test_follows_its_samples_when_they_are_permuted(metric, probe):
    order = torch.from_numpy(np.random.default_rng(0).permutation(B))
    moved = ask(metric, probe.network, probe.samples[order], LABELS[order])
    torch.testing.assert_close(moved, metric(probe, LABELS)[order], rtol=1e-4, atol=1e-5)


def test_does_not_depend_on_the_type(metric, probe):
    wide = copy.deepcopy(probe.network).double()
    found = ask(metric, wide, probe.samples.double()).float()
    torch.testing.assert_close(found, metric(probe, LABELS), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused(metric, probe, bad):
    broken = copy.deepcopy(probe.network)
    next(iter(broken.parameters())).data.fill_(bad)
    with pytest.raises(LtPruneError, match="finite"):
        answer("mine", metric, Probe(broken, probe.samples), LABELS)


def test_leaves_the_network_as_it_is(metric, probe):
    before = {name: value.clone() for name, value in probe.network.state_dict().items()}
    metric(probe, LABELS)
    assert all(torch.equal(value, before[name]) for name, value in probe.network.state_dict().items())
    assert all(each.grad is None for each in probe.network.parameters())
    assert not probe.network.training
