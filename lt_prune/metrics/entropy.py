"""The entropy of the predicted probabilities: how undecided the network is, whatever the label."""

import torch
from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.of_class import probabilities
from lt_prune.models.network import Outputs


@metric(
    higher_is_harder=True, equation="-sum_i p_i log p_i, p = softmax(z)", paper="Coleman et al. 2020 (selection via proxy)"
)
def entropy(outputs: Outputs, labels: Tensor) -> Tensor:
    """In [0, log M], in nats; a network that is surely wrong has none.

    Args:
        outputs: of one member; logits (B, M).
        labels: int64 (B,), which take no part.

    Returns:
        (B,).
    """
    terms: Tensor = torch.special.entr(probabilities(outputs))
    return terms.sum(dim=1)
