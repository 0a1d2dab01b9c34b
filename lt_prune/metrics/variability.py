"""Variability: how much the probability of the own class moves in training."""

from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.own_probability import OwnProbability


@metric(
    higher_is_harder=True,
    equation="sqrt(mean_e (p_y(e) - mean_e p_y(e))^2), p_y(e) the own class's probability in epoch e",
    paper="Swayamdipta et al. 2020 (dataset cartography)",
    observer=OwnProbability,
)
def variability(record: OwnProbability, labels: Tensor) -> Tensor:
    """In [0, 1/2], high of what is ambiguous: neither always right nor always wrong.

    Variants: `dyn-unc` is of windows of ten epochs.

    Args:
        record: of a training.
        labels: int64 (N,), which the record knows.

    Returns:
        float64 (N,); 0 with fewer than two epochs.
    """
    return record.std()
