"""Self-confidence: the probability of the own class."""

from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.of_class import of_own, probabilities
from lt_prune.models.network import Outputs


@metric(higher_is_harder=False, equation="p_y, p = softmax(z)", paper="Northcutt et al. 2021 (confident learning)")
def self_confidence(outputs: Outputs, labels: Tensor) -> Tensor:
    """In [0, 1]. Of members that trained on the sample, other than in confident learning.

    Args:
        outputs: of one member; logits (B, M).
        labels: int64 (B,).

    Returns:
        (B,).
    """
    return of_own(probabilities(outputs), labels)
