"""Keeps what is neither easy nor hard (Xia et al. 2023)."""

import numpy as np
from lt_prune.strategies.removal import remove_in_order

from lt_prune.strategies import strategy


@strategy(needs_scores=True)
def moderate(request):
    from_the_middle = np.abs(request.difficulty - np.median(request.difficulty))
    return remove_in_order(request, -from_the_middle, request.within)
