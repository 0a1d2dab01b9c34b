"""Keeps what is neither easy nor hard (Xia et al. 2023)."""

import numpy as np

from lt_prune.errors import ArgumentError
from lt_prune.strategies import strategy


@strategy(needs_scores=True)
def moderate(request):
    """From the middle outwards; the first of each class stays."""
    from_the_middle = np.abs(request.difficulty - np.median(request.difficulty))
    order = np.lexsort((request.ids, from_the_middle))
    firsts = order[np.unique(request.labels[order], return_index=True)[1]][: 0 if request.allow_empty_class else None]
    others, n_keep = order[~np.isin(order, firsts)], len(order) - request.n_remove
    if n_keep < len(firsts):
        raise ArgumentError(f"removing {request.n_remove} of {len(order)} samples would empty a class")
    return np.isin(np.arange(len(order)), np.concatenate([firsts, others])[:n_keep])
