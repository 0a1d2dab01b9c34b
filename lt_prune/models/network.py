"""What every network is: normalisation, backbone and linear classifier."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt_prune.errors import ArgumentError, LtPruneError, MemberError, MismatchError
from lt_prune.models.levels import mean_and_std
from lt_prune.models.model import Backbone, Model
from lt_prune.registry import described
from lt_prune.types import Pixels

BATCH = 250
"""Images a forward pass: large enough to be fast, small enough that activations stay below those of training."""


@dataclass(frozen=True)
class Outputs:
    """Outputs of a network for a batch of B samples."""

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

    def detach(self) -> Outputs:
        """The same without gradients."""
        return self._each(Tensor.detach)

    def float(self) -> Outputs:
        """The same in float32 or better, for what is computed of them."""
        dtype = torch.promote_types(self.logits.dtype, torch.float32)
        return self._each(lambda tensor: tensor.to(dtype))

    def _each(self, changed: Callable[[Tensor], Tensor]) -> Outputs:
        scale = None if self.scale is None else changed(self.scale)
        return Outputs(changed(self.features), changed(self.logits), changed(self.weight), scale)


class Network(nn.Module):
    """Samples to `Outputs`. The training set's normalisation travels with the weights, so prediction cannot miss it.

    Args:
        backbone: what the samples go through, once normalised.
        n_classes: M.
        shape: of a sample, (H, W, C) of images or (D,) of embeddings.
    """

    mean: Tensor
    std: Tensor
    """(C, 1, 1) of images, (D,) of embeddings."""
    scale: Tensor
    """(M,), a factor a class on the logits: 1, unless a second stage learns it."""

    def __init__(self, backbone: Backbone, n_classes: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        per = (backbone.channels or shape[-1], *(1 for _ in shape[:-1]))
        self.register_buffer("mean", torch.zeros(per))
        self.register_buffer("std", torch.ones(per))
        self.register_buffer("scale", torch.ones(n_classes))
        self.backbone = backbone.module
        self.made_by = backbone
        self.new_classifier(backbone.n_features, n_classes)

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

    def normalise_by(self, samples: Pixels) -> None:
        """Take mean and standard deviation of each channel, or of each dimension of embeddings, from samples."""
        self._normalise(*map(torch.from_numpy, mean_and_std(samples)))

    def start_from(self, weights: Mapping[str, Tensor], said: str) -> None:
        """Take the backbone's weights, and the normalisation that they expect, where the model says it.

        Raises:
            MismatchError: they are of another model; the message begins with `said` and names the first that does not fit.
        """
        own = self.backbone.state_dict()
        given = {name: value for name, value in weights.items() if not _is_of(name, self.made_by.heads)}
        if misfit := _misfit(own, given):
            raise MismatchError(f"{said} {misfit}: name a file of this model's weights")
        self.backbone.load_state_dict(given, strict=False)
        if expected := self.made_by.pretrained:
            self._normalise(*(torch.tensor([255 * value for value in each]) for each in (expected.mean, expected.std)))

    def _normalise(self, mean: Tensor, std: Tensor) -> None:
        self.mean.copy_(mean.reshape(-1, *self.mean.shape[1:]))
        self.std.copy_(std.reshape(-1, *self.std.shape[1:]))

    def features(self, samples: Tensor) -> Tensor:
        """Features (B, D) of pixels in [0, 255], of any type, (B, C, H, W), or of embeddings (B, D)."""
        normalised = (samples.to(self.mean.dtype) - self.mean) / self.std
        if (side := self.made_by.size) and normalised.shape[-2:] != (side, side):
            normalised = F.interpolate(normalised, (side, side), mode="bilinear", antialias=True)
        return cast(Tensor, self.backbone(normalised))

    def forward(self, samples: Tensor) -> Outputs:
        features = self.features(samples)
        return Outputs(features, self.scale * self.classifier(features), self.classifier.weight, self.scale)


def _is_of(name: str, heads: tuple[str, ...]) -> bool:
    return any(name == head or name.startswith(f"{head}.") for head in heads)


def _misfit(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """The first of the weights that does not fit, in words, empty where all do. Old files do not count their batches."""
    for name, value in own.items():
        if name not in given and not name.endswith("num_batches_tracked"):
            return f"has no {name}"
        if name in given and given[name].shape != value.shape:
            return f"has {name} of {_size(given[name])}, and it must be of {_size(value)}"
    return next((f"has {name}, which the model has not" for name in given if name not in own), "")


def _size(value: Tensor) -> str:
    return " x ".join(map(str, value.shape)) or "one number"


def build_network(model: Model, shape: tuple[int, ...], *, n_classes: int, seed: int) -> Network:
    """A network with weights drawn from `seed` alone, on the CPU, in channels-last memory order.

    Args:
        model: what is built.
        shape: of a sample, (H, W, C) of images or (D,) of embeddings.

    Raises:
        ArgumentError: the model cannot take such samples.
        MemberError: it breaks its promise.
    """
    with drawn_from(seed):
        network = Network(_backbone(model, shape), n_classes, shape)
    return network.to(memory_format=torch.channels_last)


def _backbone(model: Model, shape: tuple[int, ...]) -> Backbone:
    """The backbone of a model that keeps its promise."""
    what = f"model {model.name!r}"
    try:
        backbone = model.backbone(shape)
    except (LtPruneError, MemoryError):
        raise
    except Exception as error:
        raise MemberError(f"{what} cannot be built: {described(error)}", model.name) from error
    if not isinstance(backbone, Backbone):
        raise MemberError(f"{what} must build a Backbone, and gave {type(backbone).__name__}", model.name)
    return backbone


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """While the context lasts torch draws from `seed` on the CPU; afterwards it goes on where it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@torch.no_grad()
def try_out(network: Network, model: Model, shape: tuple[int, ...]) -> None:
    """Show a network two samples of this shape, (H, W, C) or (D,), before it is trained.

    Raises:
        ArgumentError: it cannot take them, or its features are not what the model says.
    """
    samples = torch.zeros(2, shape[-1], *shape[:-1])
    said = f"model {model.name!r} cannot take {model.takes} of {' x '.join(map(str, shape))}"
    training = network.training
    try:
        features = network.eval().features(samples)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise ArgumentError(f"{said} ({described(error)}): name another model, or other samples") from None
    finally:
        network.train(training)
    expected = (2, network.classifier.in_features)
    if not isinstance(features, Tensor) or features.shape != expected:
        found = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise MemberError(f"model {model.name!r} must give features {expected} of two samples, and gave {found}", model.name)


def folded(network: Network) -> Network:
    """A copy for prediction alone, with its batch normalisation folded into convolutions where the model can.

    In evaluation mode a batch normalisation is a fixed factor and shift for each channel, which the convolution's weights
    and a bias can take on: the same function but for rounding, in fewer passes over the activations.
    """
    copied = copy.deepcopy(network).eval()  # folding changes modules in place, and training goes on with the original
    if network.made_by.fold:
        network.made_by.fold(copied.backbone)
    return copied


def frozen(network: Network) -> Network:
    """The same classifier and scale on a folded copy of the backbone, to train the former two alone."""
    copied = folded(network)
    # The very tensors, not copies: the optimizer changes these, and checkpoints are of `network`.
    copied.classifier, copied.scale = network.classifier, network.scale
    return copied


def upon_features(network: Network) -> Network:
    """The same classifier and scale on features (B, D) that the backbone has given already."""
    n_features, n_classes = network.classifier.in_features, len(network.scale)
    upon = Network(Backbone(module=nn.Identity(), n_features=n_features), n_classes, (n_features,))
    upon.classifier, upon.scale = network.classifier, network.scale
    return upon.to(network.mean.device)
