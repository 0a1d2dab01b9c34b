"""The CIFAR-style ResNets as models."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lt_prune.models.model import Backbone, Model

if TYPE_CHECKING:
    from torch import nn


def _backbone(depth: int, shape: tuple[int, ...]) -> Backbone:
    from lt_prune.models.batch_norm import fold_in_order
    from lt_prune.models.resnet_cifar import FEATURES, resnet_cifar

    return Backbone(module=resnet_cifar(depth, shape[-1]), n_features=FEATURES, fold=fold_in_order)


def _split(backbone: Any) -> tuple[nn.Module, nn.Module]:
    """Before the last residual block; pooling and flattening follow it."""
    return backbone[:-3], backbone[-3:]


def _model(depth: int) -> Model:
    return Model(
        summary=f"CIFAR-style ResNet of {depth} layers (He et al. 2016)",
        backbone=partial(_backbone, depth),
        split=_split,
    )


resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110 = map(_model, (8, 14, 20, 32, 44, 56, 110))
