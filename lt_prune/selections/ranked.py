"""By score: the hard ones are kept, or the easy ones."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.types import Array

PAPER = "Wang & Yan, section 3.4; EL2N: Paul et al. 2021"


@selection(equation="the hardest first", paper=PAPER, needs=("scores",), nested=True)
def hard(group: Group, n_keep: int) -> Array:
    """Keep the hardest."""
    return highest_first(_given(group))


@selection(equation="the easiest first", paper=PAPER, needs=("scores",), nested=True)
def easy(group: Group, n_keep: int) -> Array:
    """Keep the easiest."""
    return highest_first(-_given(group))


def _given(group: Group) -> Array:
    assert group.difficulty is not None, "the prune step gives scores to every selection that needs them"
    return np.asarray(group.difficulty)
