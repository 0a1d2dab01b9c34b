"""The Beta sampling of DUAL (Cho et al. 2025): the more is removed, the easier are the samples that it is likely to keep."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.selections.drawing import weighted_order
from lt_prune.setting import Setting
from lt_prune.types import Array

C, ANCHORS, EDGE = 15, 10, 1e-6
"""Constants of the paper and of its code; EDGE keeps the density finite where a probability is 0 or 1."""


@selection(
    equation="drawn without replacement, p ~ score * Beta(p_y; a, b), b = 15 (1 - mu) (1 - r^c), a = 16 - b, with the mean "
    "mu of p_y over the ten highest scores and the share r removed",
    paper="DUAL: Cho et al., ICML 2025, section 3.3",
    needs=("scores", "confidence"),
    settings={"beta_c": Setting(4.0, "c: 4 for CIFAR-10, 5.5 for CIFAR-100, 11 for ImageNet")},
)
def beta(group: Group, n_keep: int, *, beta_c: float) -> Array:
    """Over the whole set as in the paper; within a class, mu and r are those of the class."""
    assert group.difficulty is not None, "the prune step gives scores to every selection that needs them"
    assert group.confidence is not None, "the prune step gives p_y to every selection that needs it"
    score, p_y = group.difficulty.astype(np.float64), group.confidence.astype(np.float64).clip(EDGE, 1 - EDGE)
    mu, removed = p_y[highest_first(score)[:ANCHORS]].mean(), 1 - n_keep / len(score)
    b = float(np.clip(C * (1 - mu) * (1 - removed**beta_c), EDGE, None))
    a = C + 1 - b
    with np.errstate(divide="ignore"):  # a score of 0 is drawn last
        log_score = np.log(score - min(float(score.min()), 0.0))
    return weighted_order(group, log_score + (a - 1) * np.log(p_y) + (b - 1) * np.log1p(-p_y), "beta")
