"""RCAP (2026): in proportion to the root of a class's loss and share."""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import apportion
from lt_prune.budgets.difficulty import class_means, from_zero
from lt_prune.types import Array


@budget(
    equation="b_j ~ sqrt(L_j pi_j), with the class's mean difficulty L_j and its share pi_j of the samples",
    paper="RCAP: arXiv 2606.11761",
    needs=("scores",),
)
def rcap(request: Request) -> Array:
    """The paper takes the loss of the epoch before, in each epoch; here the scores are taken, once."""
    assert request.difficulty is not None, "the prune step gives scores to every budget that needs them"
    return apportion(request, np.sqrt(class_means(request, from_zero(request.difficulty)) * request.counts))
