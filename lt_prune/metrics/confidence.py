"""Confidence: the probability of the class that is predicted, whatever the label."""

from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.of_class import probabilities
from lt_prune.models.network import Outputs


@metric(higher_is_harder=False, equation="max_i p_i, p = softmax(z)", paper="Coleman et al. 2020 (selection via proxy)")
def confidence(outputs: Outputs, labels: Tensor) -> Tensor:
    """In [1/M, 1].

    Variants: `self-confidence` is of the own class, `mean-confidence` the mean of that over the training.

    Args:
        outputs: of one member; logits (B, M).
        labels: int64 (B,), which take no part.

    Returns:
        (B,).
    """
    return probabilities(outputs).amax(dim=1)
