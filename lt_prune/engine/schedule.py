"""The learning rate over a run."""

from __future__ import annotations

import math

from lt_prune.types import Recipe


def learning_rate(recipe: Recipe, epoch: float) -> float:
    """Learning rate at a fractional epoch in [0, recipe.epochs).

    A linear warm-up to `recipe.lr`, then the recipe's schedule. The steps are MiSLAS's, scaled: x0.1 from 80 % and x0.01
    from 90 % of the epochs. The warm-up takes half of a run's epochs at most.
    """
    warmup = min(recipe.warmup, recipe.epochs / 2)
    if epoch < warmup:
        return recipe.lr * epoch / warmup
    if recipe.schedule == "constant":
        return recipe.lr
    if recipe.schedule == "cosine":
        return recipe.lr * 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / (recipe.epochs - warmup)))
    done = epoch / recipe.epochs
    return recipe.lr * (0.01 if done >= 0.9 else 0.1 if done >= 0.8 else 1.0)
