from __future__ import annotations

import warnings

import pytest
import torch
from torch.nn import functional as F

from lt_prune.engine.precision import multiplying
from lt_prune.engine.step import Forward, GraphedStep, Step
from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.parts import Batch
from lt_prune.models import find_model
from lt_prune.models.network import Network, build_network

DECAY, MOMENTUM = 5e-4, 0.9
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def network_of(dtype: torch.dtype = torch.float64) -> Network:
    network = build_network(find_model("resnet14"), (8, 8, 3), n_classes=4, seed=0).to(dtype).train()
    network.mean.fill_(120)
    network.std.fill_(60)
    return network


def optimizer_of(network: Network, **options) -> torch.optim.SGD:
    given = {"lr": 0.1, "momentum": MOMENTUM, "weight_decay": DECAY, **options}
    return torch.optim.SGD(network.parameters(), **given)


def batches(n: int = 6, dtype: torch.dtype = torch.float64) -> list[Batch]:
    random = torch.Generator().manual_seed(1)
    sizes = [16] * (n - 1) + [5]
    drawn = []
    for size in sizes:
        pixels = torch.randint(0, 256, (size, 8, 8, 3), generator=random, dtype=torch.uint8).permute(0, 3, 1, 2)
        target = torch.rand(size, 4, generator=random, dtype=dtype).softmax(dim=1)
        drawn.append(Batch(pixels, target, torch.arange(size)))
    return drawn


def plain_forward(w: dict[str, torch.Tensor], pixels: torch.Tensor) -> torch.Tensor:
    """ResNet14 in NCHW, written out; batch statistics, nothing in place."""

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        mean = x.mean(dim=(0, 2, 3), keepdim=True)
        variance = ((x - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
        return (x - mean) / (variance + 1e-5).sqrt() * w[f"{name}.weight"][:, None, None] + w[f"{name}.bias"][:, None, None]

    x = (pixels.contiguous().double() - 120) / 60
    x = norm(F.conv2d(x, w["backbone.0.weight"], padding=1), "backbone.1").relu()
    for block in range(6):
        at, stride = f"backbone.{3 + block}", 2 if block in (2, 4) else 1
        y = norm(F.conv2d(x, w[f"{at}.conv1.weight"], stride=stride, padding=1), f"{at}.bn1").relu()
        y = norm(F.conv2d(y, w[f"{at}.conv2.weight"], padding=1), f"{at}.bn2")
        shortcut = x[:, :, ::stride, ::stride]
        if stride == 2:
            zeros = torch.zeros(len(x), x.shape[1] // 2, *shortcut.shape[2:], dtype=x.dtype)
            shortcut = torch.cat([zeros, shortcut, zeros], dim=1)
        x = (y + shortcut).relu()
    return x.mean(dim=(2, 3)) @ w["classifier.weight"].T + w["classifier.bias"]


def test_in_float64_steps_are_those_of_a_plain_loop():
    network = network_of()
    w = {name: value.detach().clone().contiguous().requires_grad_() for name, value in network.named_parameters()}
    velocity = {name: torch.zeros_like(value) for name, value in w.items()}
    step = Step(Forward(network), optimizer_of(network), CrossEntropy([1] * 4))
    for batch in batches():
        pixels, target, _ = batch
        found = step([batch])
        loss = -(target * plain_forward(w, pixels).log_softmax(dim=1)).sum(dim=1).mean()
        gradients = torch.autograd.grad(loss, list(w.values()))
        torch.testing.assert_close(found, loss.detach(), rtol=1e-10, atol=0)
        with torch.no_grad():
            for (name, value), gradient in zip(w.items(), gradients):
                velocity[name] = MOMENTUM * velocity[name] + gradient + DECAY * value
                value -= 0.1 * velocity[name]
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.detach(), w[name].detach(), rtol=1e-8, atol=1e-10)


def test_bf16_is_near_float32():
    losses = []
    for precision in ("fp32", "bf16"):
        network = network_of(torch.float32)
        step = Step(Forward(network, precision), optimizer_of(network), CrossEntropy([1] * 4))
        losses.append(torch.stack([step([batch]) for batch in batches(dtype=torch.float32)]))
    assert losses[1].dtype == torch.float32
    torch.testing.assert_close(losses[1], losses[0], rtol=0.05, atol=0)
    assert not torch.equal(losses[1], losses[0])


@cuda
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_a_captured_step_is_the_eager_one(precision):
    losses = []
    for graphed in (False, True):
        network = network_of(torch.float32).cuda()
        optimizer = optimizer_of(network, lr=torch.tensor(0.1, device="cuda"), fused=True)
        step = Step(Forward(network, precision), optimizer, CrossEntropy([1] * 4))
        run = GraphedStep(step) if graphed else step
        own_stream, repeating = torch.cuda.stream(torch.cuda.Stream()), multiplying(torch.device("cuda"), precision)
        with warnings.catch_warnings(), own_stream, repeating:
            warnings.simplefilter("error")
            drawn = [Batch(*(tensor.cuda() for tensor in batch)) for batch in batches(9, torch.float32)]
            losses.append(torch.stack([run([batch]).clone() for batch in drawn]).cpu())
            run.close()
    assert torch.equal(losses[1], losses[0])


@cuda
def test_in_fp32_the_first_steps_on_a_gpu_are_those_on_the_cpu():
    losses = []
    for device in ("cpu", "cuda"):
        network = network_of(torch.float32).to(device)
        step = Step(Forward(network), optimizer_of(network), CrossEntropy([1] * 4))
        with multiplying(torch.device(device), "fp32"):
            drawn = [Batch(*(tensor.to(device) for tensor in batch)) for batch in batches(3, torch.float32)]
            losses.append(torch.stack([step([batch]).clone() for batch in drawn]).cpu())
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-4, atol=0)
