"""The one face of every network: normalisation, backbone and linear classifier."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from lt_prune.models.resnet_cifar import FEATURES, fold_batch_norm, resnet_cifar
from lt_prune.types import CHUNK, Array, Pixels


@dataclass(frozen=True)
class Outputs:
    """What a network says of a batch of B images."""

    features: Tensor
    """(B, D), the backbone's output."""
    logits: Tensor
    """(B, M), features @ weight.T + bias."""
    weight: Tensor
    """(M, D), the classifier's rows."""

    def float(self) -> Outputs:
        """The same in float32 or better, for what is computed of them."""
        dtype = torch.promote_types(self.logits.dtype, torch.float32)
        return Outputs(self.features.to(dtype), self.logits.to(dtype), self.weight.to(dtype))


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

    def normalise_by(self, pixels: Pixels, positions: Array | None = None) -> None:
        """Take mean and standard deviation of each channel from pixels, uint8 (P, H, W, C), all or those at `positions`."""
        positions = np.arange(len(pixels)) if positions is None else positions
        levels = np.arange(256)
        found = np.zeros((pixels.shape[-1], 256), dtype=np.int64)
        for start in range(0, len(positions), CHUNK):
            some = pixels[positions[start : start + CHUNK]]
            found += [np.bincount(some[..., c].ravel(), minlength=256) for c in range(len(found))]
        share = found / found.sum(axis=1, keepdims=True)
        mean = share @ levels
        variance = (share * (levels - mean[:, None]) ** 2).sum(axis=1)
        self.mean.copy_(torch.from_numpy(mean)[:, None, None])
        self.std.copy_(torch.from_numpy(np.sqrt(variance)).clamp(min=1.0)[:, None, None])

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


def folded(network: Network) -> Network:
    """A copy for prediction alone, with each batch normalisation folded into the convolution before it."""
    copied = copy.deepcopy(network).eval()
    fold_batch_norm(copied.backbone)
    return copied
