"""How doubtful a label is: confident learning, by networks that did not train on the sample."""

from __future__ import annotations

import numpy as np

from lt_prune.metrics import metric
from lt_prune.types import Array


@metric(
    higher_is_harder=False,
    equation="p_y, less 1 where y is neither the likeliest class nor that of those with p_j >= t_j, the mean p_j of class j",
    paper="confident learning: Northcutt et al. 2021, Eq. 1 and 2",
    needs="held-out",
    unasked=0,
)
def label_noise(probabilities: Array, labels: Array) -> Array:
    """Self-confidence p_y, in [0, 1], and below 0 where confident learning flags the label.

    Args:
        probabilities: float (N, M), by networks that did not train on the sample; not a number where there is none.
        labels: int64 (N,).

    Returns:
        float32 (N,), in [-1, 1]; 1, no doubt at all, of a sample that every network trained on.
    """
    known = ~np.isnan(probabilities[:, 0])
    scores = np.ones(len(labels), dtype=np.float32)
    own = probabilities[np.arange(len(labels)), labels]
    scores[known] = (own - flagged(probabilities, labels))[known]
    return scores


def flagged(probabilities: Array, labels: Array) -> Array:
    """bool (N,): which labels are off the diagonal of the confident joint; arguments as for `label_noise`.

    A label that is the likeliest of all stays, as in cleanlab: the threshold of a rare class is low, and a sample may be
    confidently of it, and yet likelier of its own. A class none of whose samples was held out has no threshold, and no
    sample is confidently of it.
    """
    n_classes = probabilities.shape[1]
    known = ~np.isnan(probabilities[:, 0])
    own = np.where(known, probabilities[np.arange(len(labels)), labels], 0)
    sums, counts = (np.bincount(labels, weights=each, minlength=n_classes) for each in (own, known))
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    confident = np.where(probabilities >= thresholds, probabilities, -np.inf)  # of what is not known, nowhere
    elsewhere = (confident.argmax(axis=1) != labels) & (np.where(known[:, None], probabilities, 0).argmax(axis=1) != labels)
    return np.asarray(np.isfinite(confident).any(axis=1) & elsewhere)
