"""A linear classifier on embeddings."""

from __future__ import annotations

from lt_prune.models.model import Backbone, Model


def _backbone(shape: tuple[int, ...]) -> Backbone:
    from torch import nn

    return Backbone(module=nn.Identity(), n_features=shape[0])


linear = Model(
    summary="a linear classifier on embeddings, standardised",
    backbone=_backbone,
    takes="embeddings",
    recipe={"epochs": 30, "schedule": "cosine", "warmup": 1},
)
