"""A random order: each sample's place is drawn from (seed, id), whatever is kept."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.types import Array


def _weights(group: Group, n_keep: int) -> Array:
    return np.full(len(group.ids), len(group.ids) / n_keep)


@selection(equation="a random order by (seed, id)", paper="", nested=True, weights=_weights)
def random(group: Group, n_keep: int) -> Array:
    """Over the whole set and within classes, the draws are of their own."""
    return highest_first(group.draw("random" if group.whole else "class-random"))
