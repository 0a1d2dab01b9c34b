"""Random baselines: each sample's place is drawn from (seed, id), whatever the ratio."""

from __future__ import annotations

from lt_prune.data.identity import mix
from lt_prune.randomness import derive_seed
from lt_prune.strategies import Request, strategy
from lt_prune.strategies.removal import remove_in_order
from lt_prune.types import Array


@strategy(needs_scores=False)
def random(request: Request) -> Array:
    """Remove samples at random over the whole set. A larger ratio removes a superset."""
    return remove_in_order(request, _shuffled(request, "random"), within="set")


@strategy(needs_scores=False)
def class_random(request: Request) -> Array:
    """Remove the same proportion of each class at random, rounded by largest remainder.

    Within a class a larger ratio removes a superset, but for a step of rounding: largest remainders may give a class
    one sample back where one more is removed in all (the Alabama paradox): of counts 8, 8, 2, five are removed as 2, 2, 1
    and six as 3, 3, 0.
    """
    return remove_in_order(request, _shuffled(request, "class-random"), within="class")


def _shuffled(request: Request, use: str) -> Array:
    return mix(request.ids, derive_seed(request.seed, use))
