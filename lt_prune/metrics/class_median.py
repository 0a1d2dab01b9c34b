"""How far a sample is from the median of its class."""

import torch
from torch import Tensor

from lt_prune.metrics import LARGE, metric
from lt_prune.metrics.features import Features


@metric(
    higher_is_harder=True,
    equation="||phi - m_y||_2, m_y the median of class y, number by number",
    paper="Xia et al. 2023 (Moderate), by its code; the paper has the mean",
    needs="features",
    unasked=LARGE,
)
def class_median(features: Features, labels: Tensor) -> Tensor:
    """What Moderate selects by: it keeps those whose distance is near the median of the distances.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,).

    Returns:
        (N,).
    """
    distances = torch.empty_like(features.values[:, 0])
    for label in torch.unique(labels):
        own = labels == label
        values = features.values[own]
        distances[own] = torch.linalg.vector_norm(values - _median(values), dim=1)
    return distances


def _median(values: Tensor) -> Tensor:
    """Of each column; the mean of the two in the middle where there are two."""
    ordered, n = values.sort(dim=0).values, len(values)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
