"""InfoBatch: what is harder than the mean stays, and of the others as many are drawn as are left to keep."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.types import Array


def _weights(group: Group, n_keep: int) -> Array:
    """1 of what is harder, and of the others 1 / (1 - r), with the share r of them that goes; where not even the harder ones
    can stay, they alone are drawn from."""
    harder = _harder(group)
    n_harder = int(harder.sum())
    if n_keep <= n_harder:
        return np.full(len(harder), n_harder / n_keep)
    return np.where(harder, 1.0, (len(harder) - n_harder) / (n_keep - n_harder))


@selection(
    equation="those of the mean score or more, then a draw of the others; weights 1 and 1 / (1 - r), r the share of the "
    "others that goes",
    paper="InfoBatch: Qin et al., ICLR 2024, drawn to a size",
    needs=("scores",),
    weights=_weights,
    nested=True,
)
def infobatch(group: Group, n_keep: int) -> Array:
    """The paper gives r, and so no certain size; it draws anew in each epoch, as `lt_prune.Sampler` does."""
    order = highest_first(group.draw("infobatch"))
    return order[np.argsort(~_harder(group)[order], kind="stable")]


def _harder(group: Group) -> Array:
    assert group.difficulty is not None, "the prune step gives scores to every selection that needs them"
    return np.asarray(group.difficulty >= group.difficulty.mean(dtype=np.float64))
