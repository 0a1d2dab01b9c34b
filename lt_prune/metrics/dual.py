"""DUAL: uncertainty times difficulty, early in training."""

from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.own_probability import OwnProbability


@metric(
    higher_is_harder=True,
    equation="mean over windows of J = 10 of the first T = 30 epochs of 10 std(p_y) (1 - mean(p_y)); one window where there "
    "are fewer epochs",
    paper="Cho et al. 2025 (DUAL)",
    observer=OwnProbability,
)
def dual(record: OwnProbability, labels: Tensor) -> Tensor:
    """The factor 10 is that of its code, and changes no ranking; std is unbiased.

    Variants: `dyn-unc` is without the difficulty, and of all windows.

    Args:
        record: of a training.
        labels: int64 (N,), which the record knows.

    Returns:
        float64 (N,); 0 with fewer than two epochs.
    """
    return 10 * record.mean_dual()
