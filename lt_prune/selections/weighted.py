"""A draw in which hard samples are likelier, as RCAP draws within a class."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, selection
from lt_prune.selections.drawing import importance_weights, weighted_order
from lt_prune.setting import Setting
from lt_prune.types import Array


def _log_weights(group: Group, temperature: float) -> Array:
    assert group.difficulty is not None, "the prune step gives scores to every selection that needs them"
    cut: Array = np.minimum(group.difficulty.astype(np.float64), np.log(group.n_classes))
    return cut / temperature


def _weights(group: Group, n_keep: int, *, temperature: float) -> Array:
    return importance_weights(group, _log_weights(group, temperature), "weighted", n_keep)


@selection(
    equation="drawn without replacement, p ~ exp(min(score, ln M) / temperature)",
    paper="RCAP: arXiv 2606.11761",
    needs=("scores",),
    settings={"temperature": Setting(1.0, "how alike the probabilities are: high is random, low is the hardest", low=1e-6)},
    nested=True,
    weights=_weights,
)
def weighted(group: Group, n_keep: int, *, temperature: float) -> Array:
    """The score is cut at the loss of a guess, ln M. The paper draws anew in each epoch, as `lt_prune.Sampler` does, and
    weighs no sample."""
    return weighted_order(group, _log_weights(group, temperature), "weighted")
