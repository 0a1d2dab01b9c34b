"""The learning rate over a run."""

from __future__ import annotations

import math

from lt_prune.config.recipe import Recipe


def learning_rate(recipe: Recipe, epoch: int, step: int, n_steps: int) -> float:
    """Learning rate of a step, both it and its epoch counted from 0, where an epoch has `n_steps`.

    The warm-up rises linearly to `recipe.lr` and takes half of a run's epochs at most. The step schedule is that of MiSLAS's
    code, which changes between epochs only: epoch k of w warm-up epochs has lr * (k + 1) / w, and each milestone takes the
    rate to a tenth. The other schedules change with each step; their last warm-up step has the peak rate.
    """
    warmup = min(recipe.warmup, recipe.epochs / 2)
    if recipe.schedule == "step":
        passed = sum((epoch / recipe.epochs if m < 1 else epoch) >= m for m in recipe.milestones)
        return recipe.lr * min((epoch + 1) / warmup if warmup else 1.0, 1.0) * 0.1**passed
    done = epoch + step / n_steps
    if done < warmup:
        return recipe.lr * min((epoch + (step + 1) / n_steps) / warmup, 1.0)
    if recipe.schedule == "constant":
        return recipe.lr
    return recipe.lr * 0.5 * (1 + math.cos(math.pi * (done - warmup) / (recipe.epochs - warmup)))
