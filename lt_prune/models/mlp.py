"""A perceptron with one hidden layer on embeddings."""

from __future__ import annotations

from lt_prune.models.model import Backbone, Model

_HIDDEN = 512


def _backbone(shape: tuple[int, ...]) -> Backbone:
    from torch import nn

    return Backbone(module=nn.Sequential(nn.Linear(shape[0], _HIDDEN), nn.ReLU()), n_features=_HIDDEN)


mlp = Model(
    summary=f"a hidden layer of {_HIDDEN} units on embeddings, standardised",
    backbone=_backbone,
    takes="embeddings",
    recipe={"epochs": 30, "schedule": "cosine", "warmup": 1},
)
