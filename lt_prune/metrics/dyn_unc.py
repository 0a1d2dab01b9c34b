"""Dynamic uncertainty: how much the probability of the own class moves within windows of epochs."""

from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.own_probability import OwnProbability


@metric(
    higher_is_harder=True,
    equation="mean over windows of J = 10 epochs of std(p_y), unbiased; one window where there are fewer epochs",
    paper="He et al. 2024 (Dyn-Unc)",
    observer=OwnProbability,
)
def dyn_unc(record: OwnProbability, labels: Tensor) -> Tensor:
    """Samples that stay sure, right or wrong, are low.

    Variants: `variability` is of all epochs at once, `dual` weighs each window by how hard it is.

    Args:
        record: of a training.
        labels: int64 (N,), which the record knows.

    Returns:
        float64 (N,); 0 with fewer than two epochs.
    """
    return record.mean_std()
