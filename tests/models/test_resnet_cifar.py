from __future__ import annotations

import pytest
import torch

from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.models.resnet_cifar import BasicBlock, resnet_cifar


def parameters_of(depth: int, channels: int, n_classes: int) -> int:
    """He et al., section 4.2: a stem, three stages of n blocks, a linear classifier; shortcuts without parameters."""
    n = (depth - 2) // 6

    def conv(width_in: int, width: int) -> int:
        return 9 * width_in * width + 2 * width  # with its batch normalisation

    stages = sum(conv(before, width) + (2 * n - 1) * conv(width, width) for before, width in ((16, 16), (16, 32), (32, 64)))
    return conv(channels, 16) + stages + 64 * n_classes + n_classes


def images(n: int = 4, channels: int = 3, side: int = 8) -> torch.Tensor:
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(0))


def without_residual(block: BasicBlock) -> BasicBlock:
    """The block with its second convolution at zero: what is left is the shortcut."""
    torch.nn.init.zeros_(block.conv2.weight)
    return block.eval()


def test_resnet32_has_the_published_number_of_parameters():
    network = build_network(find_model("resnet32"), (8, 8, 3), n_classes=10, seed=0)
    assert sum(p.numel() for p in network.parameters()) == 464_154


@pytest.mark.parametrize(
    ("depth", "channels", "n_classes"), [(8, 3, 10), (14, 1, 10), (20, 3, 100), (44, 3, 10), (56, 1, 5)]
)
def test_parameters_follow_the_closed_formula(depth, channels, n_classes):
    network = build_network(find_model(f"resnet{depth}"), (8, 8, channels), n_classes=n_classes, seed=0)
    assert sum(p.numel() for p in network.parameters()) == parameters_of(depth, channels, n_classes)


@pytest.mark.parametrize("depth", [8, 14, 20])
def test_depth_counts_convolutions_and_the_classifier(depth):
    network = build_network(find_model(f"resnet{depth}"), (8, 8, 3), n_classes=10, seed=0)
    layers = [module for module in network.modules() if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear))]
    assert len(layers) == depth


@pytest.mark.parametrize(("channels", "side"), [(3, 8), (1, 8), (3, 32), (1, 28)])
def test_features_are_64_numbers_an_image(channels, side):
    assert resnet_cifar(8, channels)(images(4, channels, side)).shape == (4, 64)


def test_features_are_not_negative():
    features = resnet_cifar(8, 3)(images() - 0.5)
    assert features.min() >= 0
    assert features.max() > 0


def test_shortcuts_have_no_parameters():
    assert {name for name, _ in BasicBlock(16, 32, 2).named_children()} == {"conv1", "bn1", "conv2", "bn2"}


def test_a_shortcut_of_one_size_is_the_identity():
    assert torch.equal(without_residual(BasicBlock(16, 16, 1))(images(channels=16)), images(channels=16))


def test_a_shrinking_shortcut_takes_every_second_pixel_and_pads_channels_with_zeros():
    x = images(channels=16)
    expected = torch.zeros(4, 32, 4, 4)
    expected[:, 8:24] = x[:, :, ::2, ::2]
    assert torch.equal(without_residual(BasicBlock(16, 32, 2))(x), expected)


def test_a_block_adds_its_residual_to_the_shortcut_before_the_last_relu():
    block, x = BasicBlock(16, 16, 1).eval(), images(channels=16)
    eps = 1 + block.bn1.eps  # at the start batch normalisation only divides by sqrt(1 + eps)
    inner = torch.conv2d(x, block.conv1.weight, padding=1).div(eps**0.5).clamp(min=0)
    residual = torch.conv2d(inner, block.conv2.weight, padding=1).div(eps**0.5)
    torch.testing.assert_close(block(x), (x + residual).clamp(min=0), rtol=1e-4, atol=1e-5)


def test_stages_have_16_32_and_64_channels_and_halve_the_side_twice():
    shapes = []
    backbone = resnet_cifar(14, 3)
    for module in backbone.modules():
        if isinstance(module, BasicBlock):
            module.register_forward_hook(lambda _, __, out: shapes.append(tuple(out.shape[1:])))
    backbone(images(side=32))
    assert shapes == [(16, 32, 32)] * 2 + [(32, 16, 16)] * 2 + [(64, 8, 8)] * 2


def test_convolutions_are_drawn_after_he():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weight = resnet_cifar(32, 3)[-3].conv2.weight
    assert weight.mean().item() == pytest.approx(0, abs=2e-3)
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.03)
