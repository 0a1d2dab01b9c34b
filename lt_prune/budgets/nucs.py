"""NUCS (Zhang et al. 2025): in proportion to count and difficulty of a class, whose extremes are winsorised."""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import apportion
from lt_prune.budgets.difficulty import from_zero
from lt_prune.setting import Setting
from lt_prune.types import Array


@budget(
    equation="b_j = d N_j S_j / T, T = sum S_i N_i / N, with the winsorised mean S_j of the class's difficulty",
    paper="NUCS: Zhang et al., arXiv 2504.13234",
    needs=("scores",),
    settings={"winsor": Setting(0.05, "share at each end of a class's scores that counts as the next one", high=0.5)},
)
def nucs(request: Request, *, winsor: float) -> Array:
    """What exceeds a class goes to the others in proportion to theirs."""
    assert request.difficulty is not None, "the prune step gives scores to every budget that needs them"
    ranked = from_zero(request.difficulty)[np.lexsort((request.difficulty, request.labels))]
    by_class = np.split(ranked, np.cumsum(request.counts)[:-1])
    return apportion(request, request.counts * np.array([_winsorised_mean(own, winsor) for own in by_class]))


def _winsorised_mean(ascending: Array, share: float) -> float:
    """The mean, with what is beyond the share at each end put at the last number that is not; 0 of none."""
    n = len(ascending)
    beyond = min(int(share * n), max(n - 1, 0) // 2)
    return float(ascending.clip(ascending[beyond], ascending[n - 1 - beyond]).mean()) if n else 0.0
