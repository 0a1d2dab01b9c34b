"""The samples of the most usual difficulty."""

import numpy as np

from lt_prune.selections import selection


@selection(equation="|difficulty - its mean|, least first", paper="as moderate does with distances", needs=("scores",))
def usual(group, n_keep):
    return np.argsort(np.abs(group.difficulty - group.difficulty.mean()), kind="stable")
