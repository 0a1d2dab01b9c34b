"""The class counts of another subset: with a random selection, the control that isolates which samples were kept."""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request, budget
from lt_prune.errors import ArgumentError
from lt_prune.types import Array


@budget(equation="b_j = what the other subset keeps of class j", paper="", needs=("subset",))
def like(request: Request) -> Array:
    """As many of each class as another subset of these samples keeps.

    Raises:
        ArgumentError: that is another number in all, more than a class has, or nothing of a class.
    """
    assert request.like is not None, "the prune step gives the counts to every budget that needs them"
    if (others := int(request.like.sum())) != request.n_keep:
        n = int(request.counts.sum())
        raise ArgumentError(
            f"the other subset keeps {others:,} of {n:,} samples, and {request.n_keep:,} are asked for: leave out the "
            f"ratio, or ask for {1 - others / n:.6g}"
        )
    if (wrong := np.flatnonzero((request.like < request.least) | (request.like > request.counts))).size:
        c = wrong[0]
        raise ArgumentError(
            f"the other subset keeps {request.like[c]:,} of the {request.counts[c]:,} samples of class {c}: name one of the "
            f"same samples, or let a class lose all of them"
        )
    return request.like
