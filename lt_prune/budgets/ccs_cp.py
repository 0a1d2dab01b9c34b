"""CCS-CP (Tsai et al. 2025): the same share of each class, within which coverage is looked for."""

from __future__ import annotations

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import apportion
from lt_prune.types import Array


@budget(equation="b_j = d N_j", paper="CCS-CP: Tsai, Zheng & Prakash, arXiv 2507.10904")
def ccs_cp(request: Request) -> Array:
    """Differs from `proportional` in rounding alone: what is kept is rounded here, not what is removed."""
    return apportion(request, request.counts)
