"""What every network is: normalisation, backbone and linear classifier."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from lt_prune.models.resnet_cifar import FEATURES, fold_batch_norm, resnet_cifar
from lt_prune.types import CHUNK, Pixels

BATCH = 250
"""Images a forward pass: large enough to be fast, small enough that activations stay below those of training."""


@dataclass(frozen=True)
class Outputs:
    """Outputs of a network for a batch of B images."""

    features: Tensor
    """(B, D), the backbone's output."""
    logits: Tensor
    """(B, M), scale * (features @ weight.T + bias)."""
    weight: Tensor
    """(M, D), the classifier's rows."""
    scale: Tensor | None = None
    """(M,), a factor a class on the logits; None is 1."""

    @property
    def scaled_weight(self) -> Tensor:
        """(M, D), the classifier's rows times the scale."""
        return self.weight if self.scale is None else self.scale[:, None] * self.weight

    @staticmethod
    def joined(batches: Sequence[Outputs]) -> Outputs:
        """Several batches of one network as one, which gradients may be taken of whatever the mode it was made in."""
        features, logits = (torch.cat([getattr(batch, name) for batch in batches]) for name in ("features", "logits"))
        return replace(batches[0]._each(Tensor.clone), features=features, logits=logits)

    def split(self) -> Iterator[Outputs]:
        """The same in batches of a forward pass."""
        for features, logits in zip(torch.split(self.features, BATCH), torch.split(self.logits, BATCH)):
            yield replace(self, features=features, logits=logits)

    def cpu(self) -> Outputs:
        """The same on the CPU, without gradients."""
        return self._each(lambda tensor: tensor.detach().cpu())

    def float(self) -> Outputs:
        """The same in float32 or better, for what is computed of them."""
        dtype = torch.promote_types(self.logits.dtype, torch.float32)
        return self._each(lambda tensor: tensor.to(dtype))

    def _each(self, changed: Callable[[Tensor], Tensor]) -> Outputs:
        scale = None if self.scale is None else changed(self.scale)
        return Outputs(changed(self.features), changed(self.logits), changed(self.weight), scale)


class Network(nn.Module):
    """Pixels to `Outputs`. The training set's normalisation travels with the weights, so prediction cannot miss it."""

    mean: Tensor
    std: Tensor
    scale: Tensor
    """(M,), a factor a class on the logits: 1, unless a second stage learns it."""

    def __init__(self, backbone: nn.Module, n_features: int, n_classes: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("std", torch.ones(channels, 1, 1))
        self.register_buffer("scale", torch.ones(n_classes))
        self.backbone = backbone
        self.new_classifier(n_features, n_classes)

    def new_classifier(self, n_features: int, n_classes: int) -> None:
        """Replace the classifier by one with new weights."""
        self.classifier = nn.Linear(n_features, n_classes)
        nn.init.kaiming_normal_(self.classifier.weight)

    def train_only(self, trained: str) -> list[list[Any]]:
        """Let gradients flow to what is `trained` (see `Recipe.trained`) and to nothing else.

        Returns:
            That in two groups: parameters of backbone and classifier, and the scale.
        """
        parts = trained.split("+")
        network = [*self.parameters()] * ("network" in parts) + [*self.classifier.parameters()] * ("classifier" in parts)
        # The scale is a buffer, no parameter: every checkpoint has it, whether a second stage learns it or not.
        scale = [self.scale] * ("scale" in parts)
        for tensor in (*self.parameters(), self.scale):
            tensor.requires_grad_(False)
        for tensor in (*network, *scale):
            tensor.requires_grad_(True)
        return [network, scale]

    def normalise_by(self, pixels: Pixels) -> None:
        """Take mean and standard deviation of each channel from pixels, uint8 (P, H, W, C)."""
        # By counts of the 256 levels, which are exact: the result depends neither on chunks nor on the order of samples.
        levels = np.arange(256)
        found = np.zeros((pixels.shape[-1], 256), dtype=np.int64)
        for start in range(0, len(pixels), CHUNK):
            some = pixels[start : start + CHUNK]
            found += [np.bincount(some[..., c].ravel(), minlength=256) for c in range(len(found))]
        share = found / found.sum(axis=1, keepdims=True)
        mean = share @ levels
        variance = (share * (levels - mean[:, None]) ** 2).sum(axis=1)
        self.mean.copy_(torch.from_numpy(mean)[:, None, None])
        # A channel that hardly varies is not blown up: std is at least one of its 256 levels.
        self.std.copy_(torch.from_numpy(np.sqrt(variance)).clamp(min=1.0)[:, None, None])

    def features(self, x_NCHW: Tensor) -> Tensor:
        """Features (B, D) of pixels in [0, 255], of any type, (B, C, H, W)."""
        return cast(Tensor, self.backbone((x_NCHW.to(self.mean.dtype) - self.mean) / self.std))

    def forward(self, x_NCHW: Tensor) -> Outputs:
        features = self.features(x_NCHW)
        return Outputs(features, self.scale * self.classifier(features), self.classifier.weight, self.scale)


def build_network(*, depth: int, channels: int, n_classes: int, seed: int) -> Network:
    """A CIFAR-style ResNet with weights drawn from `seed` alone, on the CPU, in channels-last memory order."""
    with drawn_from(seed):
        network = Network(resnet_cifar(depth, channels), FEATURES, n_classes, channels)
    return network.to(memory_format=torch.channels_last)


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """While the context lasts torch draws from `seed` on the CPU; afterwards it goes on where it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def folded(network: Network) -> Network:
    """A copy for prediction alone, with each batch normalisation folded into the convolution before it.

    In evaluation mode a batch normalisation is a fixed factor and shift for each channel, which the convolution's weights
    and a bias can take on: the same function but for rounding, in fewer passes over the activations.
    """
    copied = copy.deepcopy(network).eval()  # folding changes modules in place, and training goes on with the original
    fold_batch_norm(copied.backbone)
    return copied


def frozen(network: Network) -> Network:
    """The same classifier and scale on a folded copy of the backbone, to train the former two alone."""
    copied = folded(network)
    # The very tensors, not copies: the optimizer changes these, and checkpoints are of `network`.
    copied.classifier, copied.scale = network.classifier, network.scale
    return copied
