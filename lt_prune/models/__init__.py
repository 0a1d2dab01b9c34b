"""Networks behind one face: samples in, features and logits out. Each builds a backbone, and says what it takes.

A user names one as NAME, or as LIBRARY:NAME where a member stands for many.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError, LtPruneError, shown
from lt_prune.models.model import Backbone, Library, Model, Normalisation
from lt_prune.registry import Registry

__all__ = ["MODELS", "Backbone", "Library", "Model", "Normalisation", "find_model", "require_split"]

_KINDS = ("images", "embeddings")


def _accept(found: object) -> Model | Library:
    """A model that keeps the promises which can be checked without building it."""
    if not isinstance(found, (Model, Library)):
        raise ValueError(f"must be a Model, or a Library of them, not {shown(found)}")
    if isinstance(found, Model):
        if found.takes not in _KINDS:
            raise ValueError(f"must take {' or '.join(_KINDS)}, not {found.takes!r}")
        if wrong := [name for name in found.recipe if name not in vars(Recipe())]:
            raise ValueError(f"must name fields of a recipe, and {wrong[0]!r} is none")
    return found


MODELS: Registry[Model | Library] = Registry(
    "model",
    "lt_prune.models",
    {
        "resnet8": "lt_prune.models.cifar:resnet8",
        "resnet14": "lt_prune.models.cifar:resnet14",
        "resnet20": "lt_prune.models.cifar:resnet20",
        "resnet32": "lt_prune.models.cifar:resnet32",
        "resnet44": "lt_prune.models.cifar:resnet44",
        "resnet56": "lt_prune.models.cifar:resnet56",
        "resnet110": "lt_prune.models.cifar:resnet110",
        "linear": "lt_prune.models.linear:linear",
        "mlp": "lt_prune.models.mlp:mlp",
        "torchvision": "lt_prune.models.of_torchvision:torchvision",
        "timm": "lt_prune.models.of_timm:timm",
    },
    _accept,
)


def find_model(name: str) -> Model:
    """The model called `name`, or the one of a library called LIBRARY:NAME.

    Raises:
        UnknownNameError: there is neither such a model nor such a library.
        ArgumentError: the library has no such model, or is not installed; or a name is missing, or too much.
        MemberError: another package's model cannot be loaded.
    """
    base, colon, rest = name.partition(":")
    found = MODELS.load(base)
    if isinstance(found, Model):
        if colon:
            raise ArgumentError(f"model {base!r} is one alone: leave out :{rest}")
        return replace(found, name=name)
    if not rest:
        raise ArgumentError(f"{base} has many models: name one, such as {found.example}")
    try:
        return replace(found.model(rest), name=name)
    except ValueError as error:
        raise ArgumentError(f"model {name!r} {error}") from None


def require_split(name: str, who: str, kind: str) -> None:
    """Refuse a model that cannot be branched.

    Args:
        name: of the model.
        who: needs it to be, in words.
        kind: of samples that it must take.

    Raises:
        ArgumentError: names models that can be.
    """
    if find_model(name).split:
        return
    others = [other for other in MODELS.names if _can_be_split(other, kind)]
    remedy = f"name one of {', '.join(others)}" if others else f"none for {kind} can, so train by another method"
    raise ArgumentError(f"{who} needs a model that can be branched, and {name!r} cannot: {remedy}")


def _can_be_split(name: str, kind: str) -> bool:
    with suppress(LtPruneError):  # of another package's, which is of no use then
        found = MODELS.load(name)
        return isinstance(found, Model) and found.takes == kind and found.split is not None
    return False
