"""What a run on a subset has as much of as the unpruned run it is compared with: epochs, or optimizer steps."""

from __future__ import annotations

from dataclasses import replace

from lt_prune.choices import EQUAL
from lt_prune.config.recipe import Recipe
from lt_prune.data.batches import batch_bounds
from lt_prune.data.order import epoch_length
from lt_prune.errors import ArgumentError
from lt_prune.types import Array


def check_equal(equal: str) -> None:
    """Refuse what runs cannot be compared at.

    Raises:
        ArgumentError: it is neither epochs nor steps.
    """
    if equal not in EQUAL:
        raise ArgumentError(f"equal must be {' or '.join(EQUAL)}, not {equal!r}")


def with_equal_steps(recipe: Recipe, whole: Array, kept: Array) -> Recipe:
    """The recipe of the unpruned run, with so many epochs that a subset gets as near as possible to its number of steps.

    Args:
        recipe: of the unpruned run, or of one stage of it.
        whole: int64 (N,), the labels that the unpruned run trains on.
        kept: int64 (n,), those of the subset.
    """
    if not recipe.epochs:
        return recipe
    epochs = round(recipe.epochs * steps_an_epoch(recipe, whole) / steps_an_epoch(recipe, kept))
    factor = epochs / recipe.epochs
    # What else is counted in epochs moves with them; milestones below 1 are fractions of them.
    milestones = tuple(at * factor if at >= 1 else at for at in recipe.milestones)
    return replace(recipe, epochs=epochs, warmup=round(recipe.warmup * factor), milestones=milestones)


def steps_an_epoch(recipe: Recipe, labels: Array) -> int:
    """Optimizer steps of an epoch over samples of these labels, int64 (n,)."""
    return len(batch_bounds(epoch_length(labels, recipe.sampler, recipe.draws), recipe.batch_size))
