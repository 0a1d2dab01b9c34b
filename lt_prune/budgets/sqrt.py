"""In proportion to the square root of a class's count: between the same share and the same number of each."""

from __future__ import annotations

import numpy as np

from lt_prune.budgets import Request, budget
from lt_prune.budgets.apportion import apportion
from lt_prune.types import Array


@budget(equation="b_j ~ sqrt(N_j)", paper="square-root sampling: Mahajan et al. 2018, section 2.2")
def sqrt(request: Request) -> Array:
    """What a full class cannot take goes to the others, in proportion to their roots."""
    return apportion(request, np.sqrt(request.counts))
