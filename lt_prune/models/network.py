"""What every network is: normalisation, backbone and classifier."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt_prune.errors import ArgumentError, LtPruneError, MemberError, MismatchError
from lt_prune.models.branched import Branched, branched
from lt_prune.models.head import LINEAR, Head
from lt_prune.models.levels import mean_and_std
from lt_prune.models.model import Backbone, Model
from lt_prune.registry import described
from lt_prune.types import Pixels

BATCH = 250
"""Images a forward pass: large enough to be fast, small enough that activations stay below those of training."""
_BY_SAMPLE = ("features", "logits")
"""Outputs that each sample has its own of."""


@dataclass(frozen=True)
class Outputs:
    """Outputs of a network for a batch of B samples."""

    features: Tensor
    """(B, D), the backbone's output."""
    logits: Tensor
    """(B, M), scale * what the classifier makes of the features: of a linear one, features @ weight.T + bias."""
    weight: Tensor
    """(M, D), the classifier's rows."""
    scale: Tensor | None = None
    """(M,), a factor a class on the logits; None is 1."""
    how: Any = None
    """What a classifier that is not linear says of itself, see `Head`; a plain value."""

    @property
    def is_finite(self) -> bool:
        """Whether all that is told of the samples are finite numbers."""
        return bool(self.logits.isfinite().all() and self.features.isfinite().all())

    @property
    def scaled_weight(self) -> Tensor:
        """(M, D), the classifier's rows times the scale."""
        return self.weight if self.scale is None else self.scale[:, None] * self.weight

    @staticmethod
    def joined(batches: Iterable[Outputs], n_samples: int) -> Outputs:
        """Batches of one network as one of so many samples, which gradients may be taken of whatever the mode it was made
        in. Each is let go of when it is in: of many classes there may be no room for all of them twice."""
        whole, start = None, 0
        for batch in batches:
            whole = whole or batch._each(Tensor.clone)._grown(n_samples)
            some = slice(start, start := start + len(batch.logits))
            whole.features[some], whole.logits[some] = batch.features, batch.logits
        assert whole, "there are samples"
        return whole

    def _grown(self, n_samples: int) -> Outputs:
        """Of so many samples, whose outputs are yet to come."""
        features, logits = (
            torch.empty((n_samples, *own.shape[1:]), dtype=own.dtype) for own in (self.features, self.logits)
        )
        return replace(self, features=features, logits=logits)

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
        return Outputs(changed(self.features), changed(self.logits), changed(self.weight), scale, self.how)


class Network(nn.Module):
    """Samples to `Outputs`. The training set's normalisation travels with the weights, so prediction cannot miss it.

    Args:
        backbone: what the samples go through, once normalised.
        n_classes: M.
        shape: of a sample, (H, W, C) of images or (D,) of embeddings.
        head: what the classifier is.
    """

    mean: Tensor
    std: Tensor
    """(C, 1, 1) of images, (D,) of embeddings."""
    scale: Tensor
    """(M,), a factor a class on the logits: 1, unless a second stage learns it."""

    def __init__(self, backbone: Backbone, n_classes: int, shape: tuple[int, ...], head: Head = LINEAR) -> None:
        super().__init__()
        per = (backbone.channels or shape[-1], *(1 for _ in shape[:-1]))
        self.register_buffer("mean", torch.zeros(per))
        self.register_buffer("std", torch.ones(per))
        self.register_buffer("scale", torch.ones(n_classes))
        self.backbone = backbone.module
        self.made_by, self.head = backbone, head
        self.new_classifier()

    def new_classifier(self) -> None:
        """Replace the classifier by one of the same kind with new weights."""
        self.classifier = _classifier(self.head, self.made_by.n_features, len(self.scale))

    @property
    def weight(self) -> Tensor:
        """(M, D), the classifier's rows."""
        return cast(Tensor, self.classifier.weight)

    @property
    def parts(self) -> list[nn.Module]:
        """The backbone, or what it is split into."""
        return self.backbone.parts if isinstance(self.backbone, Branched) else [self.backbone]

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
        own = {name: value for part in self.parts for name, value in part.state_dict().items()}
        given = {name: value for name, value in weights.items() if not _is_of(name, self.made_by.heads)}
        if misfit := _misfit(own, given):
            raise MismatchError(f"{said} {misfit}: name a file of this model's weights")
        for part in self.parts:
            part.load_state_dict(given, strict=False)
        if expected := self.made_by.pretrained:
            self._normalise(*(torch.tensor([255 * value for value in each]) for each in (expected.mean, expected.std)))

    def _normalise(self, mean: Tensor, std: Tensor) -> None:
        self.mean.copy_(mean.reshape(-1, *self.mean.shape[1:]))
        self.std.copy_(std.reshape(-1, *self.std.shape[1:]))

    def features(self, samples: Tensor, branch: int | None = None) -> Tensor:
        """Features (B, D) of pixels in [0, 255], of any type, (B, C, H, W), or of embeddings (B, D); where the backbone has
        branches, of all of them or of one."""
        normalised = (samples.to(self.mean.dtype) - self.mean) / self.std
        if (side := self.made_by.size) and normalised.shape[-2:] != (side, side):
            normalised = F.interpolate(normalised, (side, side), mode="bilinear", antialias=True)
        return cast(Tensor, self.backbone(normalised) if branch is None else self.backbone(normalised, branch))

    def forward(self, samples: Tensor, branch: int | None = None) -> Outputs:
        """Outputs for samples; by one branch alone, its features, and the logits where those of the others are 0."""
        features = self.features(samples, branch)
        return self.classified(features, None if branch is None else cast(Branched, self.backbone).placed(features, branch))

    def classified(self, features: Tensor, whole: Tensor | None = None) -> Outputs:
        """Outputs of features (B, D); their logits are those of `whole` where these are a part of that."""
        logits = self.scale * self.classifier(features if whole is None else whole)
        return Outputs(features, logits, self.weight, self.scale, getattr(self.classifier, "how", None))


def _classifier(head: Head, n_features: int, n_classes: int) -> nn.Module:
    """A new classifier by a head that keeps its promise."""
    said, expected = f"what makes {head.summary}", (n_classes, n_features)
    try:
        made = head.make(n_features, n_classes)
    except (LtPruneError, MemoryError):
        raise
    except Exception as error:
        raise MemberError(f"{said} fails: {described(error)}", head.summary) from error
    weight = getattr(made, "weight", None)
    if not isinstance(made, nn.Module) or not isinstance(weight, Tensor) or weight.shape != expected:
        found = f"{type(made).__name__} of {_size(weight) if isinstance(weight, Tensor) else 'none'}"
        raise MemberError(f"{said} must give a module with rows `weight` {expected}, and gave {found}", head.summary)
    return made


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


def build_network(model: Model, shape: tuple[int, ...], *, n_classes: int, seed: int, head: Head = LINEAR) -> Network:
    """A network with weights drawn from `seed` alone, on the CPU, in channels-last memory order.

    Args:
        model: what is built.
        shape: of a sample, (H, W, C) of images or (D,) of embeddings.
        head: what its classifier is; of a model that cannot be split it has no branches.

    Raises:
        ArgumentError: the model cannot take such samples, or the head such features.
        MemberError: one of the two breaks its promise.
    """
    with drawn_from(seed):
        network = Network(_backbone(model, shape, head.branches), n_classes, shape, head)
    return network.to(memory_format=torch.channels_last)


def _backbone(model: Model, shape: tuple[int, ...], branches: int = 1) -> Backbone:
    """The backbone of a model that keeps its promise; of so many branches, each with weights of its own."""
    if branches > 1:
        assert model.split, "it was asked whether it can be"
        return branched([_backbone(model, shape) for _ in range(branches)], model.split)
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
        ArgumentError: it cannot take them.
        MemberError: its features are not what the model says, or its logits no classifier's.
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
    n_classes, n_features = network.weight.shape
    if misfit := _other_than(features, (2, n_features)):
        raise MemberError(f"model {model.name!r} must give features {misfit}", model.name)
    if misfit := _other_than(network.classifier(features), (2, n_classes)):
        raise MemberError(f"what makes {network.head.summary} must give logits {misfit}", network.head.summary)


def _other_than(found: object, shape: tuple[int, ...]) -> str:
    """What outputs of two samples must be and are not, in words; "" where they are."""
    if isinstance(found, Tensor) and found.shape == shape:
        return ""
    return f"{shape} of two samples, and gave {tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__}"


def joined(parts: Iterable[Tensor], n_samples: int) -> Tensor:
    """Tensors (B, ...) of batches as one of so many samples, in place from the first: small ones kept batch by batch would
    lie between the large ones that come and go, and the heap would grow by as much with each."""
    found, start = torch.empty(0), 0
    for part in parts:
        found = found if start else part.new_empty(n_samples, *part.shape[1:])
        found[start : start + len(part)] = part
        start += len(part)
    return found


def folded(network: Network) -> Network:
    """A copy for prediction alone, with its batch normalisation folded into convolutions where the model can.

    In evaluation mode a batch normalisation is a fixed factor and shift for each channel, which the convolution's weights
    and a bias can take on: the same function but for rounding, in fewer passes over the activations.
    """
    copied = copy.deepcopy(network).eval()  # folding changes modules in place, and training goes on with the original
    if network.made_by.fold:
        for part in copied.parts:
            network.made_by.fold(part)
    return copied


def frozen(network: Network) -> Network:
    """The same classifier and scale on a folded copy of the backbone, to train the former two alone."""
    copied = folded(network)
    # The very tensors, not copies: the optimizer changes these, and checkpoints are of `network`.
    copied.classifier, copied.scale = network.classifier, network.scale
    return copied


def upon_features(network: Network) -> Network:
    """The same classifier and scale on features (B, D) that the backbone has given already."""
    n_classes, n_features = network.weight.shape
    upon = Network(Backbone(module=nn.Identity(), n_features=n_features), n_classes, (n_features,), network.head)
    upon.classifier, upon.scale = network.classifier, network.scale
    return upon.to(network.mean.device)
