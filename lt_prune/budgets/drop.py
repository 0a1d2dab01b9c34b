"""DRoP (Vysogorets et al. 2025): the better a class is recognised, the less is kept of it.

The paper takes the recall on half of the *test* set. Here it comes from the scores, or from whoever asks, who is to take
it on samples that nothing is reported on.
"""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import apportion
from lt_prune.types import Array

PAPER = "DRoP: Vysogorets, Ahuja & Kempe, ICLR 2025"


@budget(
    equation="b_j = d N_j (1 - r_j) / Z, Z such that they sum to n, with the class's recall r_j",
    paper=f"{PAPER}, Algorithm 1",
    needs=("recall",),
)
def drop(request: Request) -> Array:
    """As in the paper; what exceeds a class goes to the others in proportion to what they have."""
    return apportion(request, request.counts * _missed(request))


@budget(
    equation="b_j ~ 1 - r_j, with the class's recall r_j",
    paper=f"{PAPER}, its released code",
    needs=("recall",),
)
def drop_code(request: Request) -> Array:
    """As in the authors' code, which leaves the class's count N_j out: at equal recall it is the budget `equal`."""
    return apportion(request, _missed(request))


def _missed(request: Request) -> Array:
    """float64 (M,): the share of each class that is not recognised; 1 where all classes are recognised whole."""
    assert request.recall is not None, "the prune step gives the recall to every budget that needs it"
    missed = 1 - request.recall
    return np.asarray(missed if missed.any() else np.ones_like(missed))
