"""The one face of every network: normalisation, backbone and linear classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from lt_prune.models.resnet_cifar import FEATURES, resnet_cifar
from lt_prune.types import Array


@dataclass(frozen=True)
class Outputs:
    """What a network says of a batch of B images."""

    features: Tensor
    """(B, D), the backbone's output."""
    logits: Tensor
    """(B, M), features @ weight.T + bias."""
    weight: Tensor
    """(M, D), the classifier's rows."""


class Network(nn.Module):
    """Pixels to `Outputs`. The training set's normalisation travels with the weights, so prediction cannot miss it."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, n_features: int, n_classes: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("std", torch.ones(channels, 1, 1))
        self.backbone = backbone
        self.classifier = nn.Linear(n_features, n_classes)
        nn.init.kaiming_normal_(self.classifier.weight)

    def normalise_by(self, pixels: Array) -> None:
        """Take mean and standard deviation of each channel from training pixels, uint8 (N, H, W, C)."""
        levels = torch.arange(256, dtype=torch.float64)
        for c in range(pixels.shape[-1]):
            share = torch.bincount(torch.from_numpy(pixels[..., c].ravel()), minlength=256) / pixels[..., c].size
            mean = (share * levels).sum()
            self.mean[c] = mean
            self.std[c] = ((share * (levels - mean) ** 2).sum().sqrt()).clamp(min=1.0)

    def features(self, x_NCHW: Tensor) -> Tensor:
        """Features (B, D) of pixels in [0, 255], of any type, (B, C, H, W)."""
        return cast(Tensor, self.backbone((x_NCHW.to(self.mean.dtype) - self.mean) / self.std))

    def forward(self, x_NCHW: Tensor) -> Outputs:
        features = self.features(x_NCHW)
        return Outputs(features, self.classifier(features), self.classifier.weight)


def build_network(*, depth: int, channels: int, n_classes: int, seed: int) -> Network:
    """A CIFAR-style ResNet with weights drawn from `seed` alone, on the CPU, in channels-last memory order."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = Network(resnet_cifar(depth, channels), FEATURES, n_classes, channels)
    return network.to(memory_format=torch.channels_last)
