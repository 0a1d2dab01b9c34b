"""The same share of each class, but no class below a number."""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import apportion
from lt_prune.setting import Setting
from lt_prune.types import Array


@budget(
    equation="b_j = max(min(N_j, floor), d N_j), d such that they sum to n",
    paper="few-shot classes have at most 20 samples: Liu et al. 2019, section 5",
    settings={"floor": Setting(20, "samples that each class keeps, or all that it has")},
)
def floor(request: Request, *, floor: int) -> Array:
    """What small classes keep beyond their share comes from the large ones, in proportion to their counts."""
    least = np.maximum(np.minimum(request.counts, floor), request.least)
    return apportion(request, request.counts, least)
