"""Class budgets in proportion to the logarithm of the counts."""

import numpy as np

from lt_prune.budgets import budget
from lt_prune.budgets.apportion import apportion


@budget(equation="b_j ~ log(1 + N_j)", paper="between equal and proportional budgets")
def logarithmic(request):
    return apportion(request, np.log1p(request.counts))
