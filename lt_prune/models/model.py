"""What a model is: a kind of network, of which the backbone is built for the shape of the samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lt_prune.errors import ArgumentError

if TYPE_CHECKING:  # what is asked of a model is checked without loading torch
    from torch import nn


Split = Callable[["nn.Module"], "tuple[nn.Module, nn.Module]"]


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """What pretrained weights expect of pixels in [0, 1], a number a channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """What a model builds: normalised samples to features, and what must be known of it."""

    module: nn.Module
    """(B, C, H, W), or (B, D) of embeddings, to (B, n_features)."""
    n_features: int
    channels: int | None = None
    """Those that it takes, where that is fixed: each then gets what grey images have."""
    size: int | None = None
    """Side of the squares that images are resized to; None takes them as they are."""
    pretrained: Normalisation | None = None
    """Of the weights that there are of it; None, and without weights from a file, that of the training samples."""
    fold: Callable[[nn.Module], None] | None = None
    """Folds each batch normalisation of the module, or of each part that it is split into, in evaluation mode, into the
    convolution before it; None where that cannot be done."""
    heads: tuple[str, ...] = ()
    """The names that its own classifiers have in files of weights, where they are passed over."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A kind of network."""

    summary: str
    """One line."""
    backbone: Callable[[tuple[int, ...]], Backbone]
    """Builds it for samples of a shape, (H, W, C) of images or (D,) of embeddings, with weights from torch's generator."""
    takes: str = "images"
    """The kind of samples, "images" or "embeddings"."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Recipe` in which its training differs from the defaults, where a method does not say otherwise."""
    split: Split | None = None
    """Splits its backbone's module, for methods that branch it: into what branches share, and the last block with what
    follows, of which each branch has its own. Names of weights stay, and the end leaves what it is given as it is. None
    where that cannot be done."""
    name: str = ""
    """By which it was found."""

    def require(self, kind: str, data: str) -> None:
        """Refuse samples of another kind.

        Raises:
            ArgumentError: they are; `data` names their set.
        """
        if kind != self.takes:
            raise ArgumentError(
                f"model {self.name!r} takes {self.takes}, and {data} holds {kind}: leave out --model, or name one for {kind}"
            )


@dataclass(frozen=True, kw_only=True)
class Library:
    """Many models of one package, each named as LIBRARY:NAME."""

    model: Callable[[str], Model]
    """The model that NAME stands for; a ValueError says why there is none."""
    example: str
    """Such as "torchvision:resnet50"."""
