"""Mean confidence: the probability of the own class, on average over the training."""

from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.own_probability import OwnProbability


@metric(
    higher_is_harder=False,
    equation="mean_e p_y(e), p_y(e) the own class's probability in epoch e",
    paper="Swayamdipta et al. 2020 (dataset cartography)",
    observer=OwnProbability,
)
def mean_confidence(record: OwnProbability, labels: Tensor) -> Tensor:
    """In [0, 1]: the confidence of dataset cartography, low of what is hard to learn; `variability` is the other axis.

    Args:
        record: of a training.
        labels: int64 (N,), which the record knows.

    Returns:
        float64 (N,).
    """
    return record.mean()
