"""The classifiers of torchvision, each without its last linear layer."""

from __future__ import annotations

from collections import OrderedDict
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from lt_prune.errors import ArgumentError
from lt_prune.models.model import Backbone, Library, Model, Normalisation

if TYPE_CHECKING:
    from torch import nn

_IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""What all weights of torchvision expect."""
_ONE_SIZE = ("vit", "swin", "maxvit")
"""How the names of those begin that take images of one size."""
_SIDE = 224
_IN_ORDER = ("resnet", "resnext", "wide_resnet")
"""How the names of the ResNets begin, which register each batch normalisation after its convolution and compute it there."""


def _backbone(name: str, shape: tuple[int, ...]) -> Backbone:
    from torch import nn
    from torchvision.models import get_model

    from lt_prune.models.batch_norm import fold_in_order

    module = get_model(name, weights=None)
    linear = [(place, part) for place, part in module.named_modules() if isinstance(part, nn.Linear)]
    if not linear:
        raise ArgumentError(f"torchvision's {name} has no linear classifier to take off: name another model")
    head, last = linear[-1]
    place, _, leaf = head.rpartition(".")
    setattr(module.get_submodule(place), leaf, nn.Identity())
    return Backbone(
        module=module,
        n_features=last.in_features,
        channels=3,
        size=_SIDE if name.startswith(_ONE_SIZE) else None,
        pretrained=_IMAGENET,
        fold=fold_in_order if name.startswith(_IN_ORDER) else None,
        heads=(head,),
    )


def _split(resnet: Any) -> tuple[nn.Module, nn.Module]:
    """A ResNet before its last residual block."""
    from torch import nn

    parts = OrderedDict(resnet.named_children())
    blocks, pool = parts.pop("layer4"), parts.pop("avgpool")
    del parts["fc"]
    end = OrderedDict(layer4=blocks[-1:], avgpool=pool, flatten=nn.Flatten())
    return nn.Sequential(OrderedDict(**parts, layer4=blocks[:-1])), nn.Sequential(end)


def _model(name: str) -> Model:
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        near = ", ".join(get_close_matches(name, known, cutoff=0.0))
        raise ValueError(f"is none of torchvision's classifiers: the nearest are {near}")
    return Model(
        summary=f"torchvision's {name}",
        backbone=partial(_backbone, name),
        recipe={"lr": 0.01},
        split=_split if name.startswith(_IN_ORDER) else None,
    )


torchvision = Library(model=_model, example="torchvision:resnet50")
