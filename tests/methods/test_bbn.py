"""The two branches of Zhou et al. (2020), Eq. 1 to 5, against the equations in plain float64."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.engine.step import Forward
from lt_prune.methods import METHODS, Batch, Stream
from lt_prune.methods.bbn import Cumulative
from lt_prune.models import find_model
from lt_prune.models.network import Network, build_network

M, B = 4, 6
STAGE = METHODS.load("bbn").stage


@pytest.fixture
def network() -> Network:
    return build_network(find_model("resnet8"), (8, 8, 3), n_classes=M, seed=0, head=STAGE.head).double().train()


@pytest.fixture
def batches() -> tuple[Batch, Batch]:
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2, B, 3, 8, 8), generator=random, dtype=torch.uint8)
    target = torch.rand(2, B, M, generator=random, dtype=torch.float64).softmax(-1)
    return tuple(Batch(each, own, torch.arange(B)) for each, own in zip(pixels, target))


def in_epoch(epoch: int, epochs: int) -> Cumulative:
    loss = STAGE.loss([5, 3, 2, 1]).double()
    loss.begin_epoch(epoch, epochs)
    return loss


def of_branches(network: Network, batches: tuple[Batch, Batch]) -> list[torch.Tensor]:
    """Features of each branch for the batch that it sees."""
    found = []
    for batch, branch in zip(batches, network.backbone.branches):
        normalised = (batch.pixels.double() - network.mean) / network.std
        found.append(branch(network.backbone.trunk(normalised)))
    return found


def cross_entropy(z: np.ndarray, q: np.ndarray) -> float:
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return float(-(q * np.log(p)).sum(axis=1).mean())


def test_the_share_of_the_first_branch_falls_as_a_parabola():
    # Eq. 5, epochs counted from 1: 1 - ((t - 1) / T)^2.
    assert [in_epoch(t - 1, 4).share.item() for t in (1, 2, 3, 4)] == [1, 15 / 16, 12 / 16, 7 / 16]
    assert in_epoch(199, 200).share.item() == pytest.approx(1 - (199 / 200) ** 2)


def test_the_share_is_kept_in_the_checkpoint_and_changed_in_place():
    loss = STAGE.loss([5, 3, 2, 1])
    where = loss.share.data_ptr()
    loss.begin_epoch(1, 2)
    assert loss.share.data_ptr() == where
    assert loss.state_dict()["share"].item() == 0.75


@pytest.mark.parametrize("epoch", [0, 2, 7, 9])
def test_a_step_is_that_of_the_equations(network, batches, epoch):
    a = 1 - (epoch / 10) ** 2
    with torch.no_grad():
        f1, f2 = (features.numpy() for features in of_branches(network, batches))
    w1, w2 = np.split(network.classifier.weight.detach().numpy(), 2, axis=1)
    # The published code has twice the features, which the equations leave to the weights.
    z = 2 * a * f1 @ w1.T + 2 * (1 - a) * f2 @ w2.T + network.classifier.bias.detach().numpy()
    first, second = (batch.target.numpy() for batch in batches)
    expected = a * cross_entropy(z, first) + (1 - a) * cross_entropy(z, second)
    outputs, loss = STAGE.step(Forward(network), in_epoch(epoch, 10), batches)
    assert loss.item() == pytest.approx(expected, rel=1e-6)  # the share is a float32 number
    np.testing.assert_allclose(outputs.logits.detach().numpy(), z, rtol=1e-5, atol=1e-5)
    assert loss.shape == ()


@pytest.mark.parametrize("epoch", [3, 8])
def test_its_gradient_is_that_of_the_two_losses(network, batches, epoch):
    a = 1 - (epoch / 10) ** 2
    f1, f2 = of_branches(network, batches)
    z = network.classifier(torch.cat([2 * a * f1, 2 * (1 - a) * f2], dim=1))
    losses = [-(batch.target * z.log_softmax(1)).sum(1).mean() for batch in batches]
    expected = torch.autograd.grad(a * losses[0] + (1 - a) * losses[1], [*network.parameters()])
    loss = in_epoch(epoch, 10)
    assert loss.share.dtype == torch.float64
    _, value = STAGE.step(Forward(network), loss, batches)
    for found, wanted in zip(torch.autograd.grad(value, [*network.parameters()]), expected):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_in_the_first_epoch_the_second_branch_learns_nothing(network, batches):
    _, value = STAGE.step(Forward(network), in_epoch(0, 10), batches)
    value.backward()
    first, second = network.backbone.branches
    assert all(not parameter.grad.any() for parameter in second.parameters())
    assert all(parameter.grad.any() for parameter in first.parameters())
    assert not network.classifier.weight.grad[:, 64:].any()


def test_it_predicts_by_both_branches_of_one_image_as_at_equal_shares(network, batches):
    network.eval()
    image = batches[0]
    loss = in_epoch(0, 10)
    loss.share.fill_(0.5)
    with torch.no_grad():
        outputs, _ = STAGE.step(Forward(network), loss, (image, image))
        torch.testing.assert_close(network(image.pixels).logits, outputs.logits)
        plain = torch.cat(of_branches(network, (image, image)), dim=1)
    torch.testing.assert_close(network(image.pixels).features, plain)


def test_the_second_branch_sees_samples_in_the_reversed_order():
    assert STAGE.streams == (Stream(sampler="reversed"),)
    assert STAGE.head.branches == 2


def test_what_each_branch_sees_is_what_its_sampler_draws(blobs):
    """In a training, by the labels of the batches."""
    seen: list[Any] = [[], []]

    def noted(forward, loss, batches):
        for own, batch in zip(seen, batches):
            own.append(batch.target.argmax(1))
        return STAGE.step(forward, loss, batches)

    method = METHODS.load("bbn")
    lp.register("method", "mine", replace(method, stage=replace(method.stage, step=noted)))
    lp.train(blobs(), method="mine", epochs=8, model="resnet8", batch_size=16, compute=lp.Compute(n_threads=1))
    usual, rare = (torch.cat(own).bincount(minlength=M) for own in seen)
    assert usual.tolist() == [8 * n for n in (24, 12, 6, 3)]
    assert rare.sum() == usual.sum()
    expected = torch.tensor([1 / 24, 1 / 12, 1 / 6, 1 / 3])
    torch.testing.assert_close(rare / rare.sum(), expected / expected.sum(), rtol=0, atol=0.08)
