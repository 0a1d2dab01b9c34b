"""The same share of each class."""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import largest_remainder
from lt_prune.types import Array


@budget(equation="b_j = d N_j, d = n / N", paper="Wang & Yan, section 3.4")
def proportional(request: Request) -> Array:
    """What is removed of each class is in proportion to its count, by largest remainder (Hamilton's method).

    A class keeps its last sample, unless it may be emptied; what it is spared goes, one sample each, to the classes next in
    line.
    """
    counts = request.counts
    n_remove = int(counts.sum()) - request.n_keep
    whole, remainder = np.divmod(n_remove * counts, counts.sum())
    return np.asarray(counts - largest_remainder(whole, remainder, n_remove, counts - request.least))
