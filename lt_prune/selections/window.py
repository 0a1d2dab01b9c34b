"""A window of difficulty: neither the hardest, which may be mislabelled, nor the easiest."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.setting import Setting
from lt_prune.types import Array


@selection(
    equation="from the hardest on, ranks ceil(window G) to ceil(window G) + n",
    paper="BWS: Choi, Ki & Moon, ICML 2024; NUCS: Zhang et al., arXiv 2504.13234",
    needs=("scores",),
    settings={"window": Setting(0.1, "share of the hardest that the window begins after, where it still fits", high=1)},
)
def window(group: Group, n_keep: int, *, window: float) -> Array:
    """Keep what follows the hardest share; the window ends with the easiest at the latest."""
    assert group.difficulty is not None, "the prune step gives scores to every selection that needs them"
    order = highest_first(group.difficulty)
    start = min(int(np.ceil(window * len(order))), len(order) - n_keep)
    return np.asarray(np.r_[order[start:], order[:start][::-1]])
