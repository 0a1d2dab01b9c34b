"""Keeps what is neither easy nor hard (Xia et al. 2023)."""

import numpy as np

from lt_prune.strategies import strategy


@strategy(needs_scores=True)
def moderate(request):
    """From the middle outwards; the first of each class stays."""
    from_the_middle = np.abs(request.difficulty - np.median(request.difficulty))
    order = np.lexsort((request.ids, from_the_middle))
    firsts = order[np.unique(request.labels[order], return_index=True)[1]]
    others = order[~np.isin(order, firsts)]
    kept = np.zeros(len(order), dtype=bool)
    kept[np.concatenate([firsts, others])[: len(order) - request.n_remove]] = True
    return kept
