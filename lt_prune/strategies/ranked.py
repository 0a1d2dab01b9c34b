"""Pruning by score (Wang & Yan, section 3.4): the easiest samples go first, over the whole set, unless told otherwise."""

from __future__ import annotations

from lt_prune.strategies import Request, strategy
from lt_prune.strategies.removal import remove_in_order
from lt_prune.types import Array


@strategy(needs_scores=True)
def ranked(request: Request) -> Array:
    """Remove the easiest samples (`keep` "hard") or the hardest ("easy"), within the whole set or within each class."""
    assert request.difficulty is not None, "the prune step gives scores to every strategy that needs them"
    priority = request.difficulty if request.keep == "hard" else -request.difficulty
    return remove_in_order(request, priority, request.within)
