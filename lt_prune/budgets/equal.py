"""The same number of each class, or all of it where it has fewer."""

from __future__ import annotations

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import apportion
from lt_prune.types import Array


@budget(equation="b_j = min(N_j, b)", paper="class-balanced sampling: Kang et al. 2020, section 3")
def equal(request: Request) -> Array:
    """The level b is such that they sum to what is kept."""
    return apportion(request, (request.counts > 0).astype(float))
