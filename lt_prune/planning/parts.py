"""What the parts of a method's stage need of the data."""

from __future__ import annotations

from lt_prune.config.recipe import Recipe
from lt_prune.data.held_out import split
from lt_prune.errors import ArgumentError
from lt_prune.methods.parts import Parts
from lt_prune.types import Array, LongTailedSet


def main_labels(parts: Parts, labels: Array) -> Array:
    """int64 (n,): those of samples that the main stream trains on, where training has these labels, int64 (N,)."""
    left, _ = split(labels, parts.held_out, seed=0)  # which samples they are depends on the seed, how many of each class not
    return labels[left]


def check_parts(name: str, parts: Parts, recipe: Recipe, data: LongTailedSet, labels: Array) -> None:
    """Refuse a method of which a stage cannot train on these data.

    Args:
        name: the method's.
        labels: int64 (N,), of the samples to train on.

    Raises:
        ArgumentError: it augments what is not augmented, or holds out samples where no class has two.
    """
    if parts.views > 1 and (data.kind == "embeddings" or recipe.freeze):
        what = "embeddings" if data.kind == "embeddings" else "features of a frozen backbone"
        raise ArgumentError(
            f"method {name!r} trains on {parts.views} views of each image, and {what} are not augmented: name another method"
        )
    if any(parts.held_out) and len(main_labels(parts, labels)) == len(labels):
        raise ArgumentError(
            f"method {name!r} holds samples of each class out of its training, and no class of {data.index.name} has more "
            f"than one to train on: name another method, or more samples"
        )
