"""EL2N: the norm of the error vector (Paul et al. 2021; Wang & Yan, Eq. 11)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from lt_prune.metrics import metric
from lt_prune.models.network import Outputs


@metric(
    higher_is_harder=True,
    equation="||softmax(z) - onehot(y)||_2, Wang & Yan Eq. 11 (Paul et al. 2021)",
    paper="Paul et al. 2021",
)
def el2n(outputs: Outputs, labels: Tensor) -> Tensor:
    """L2 norm of softmax(logits) - onehot(label), in [0, sqrt(2)]; computed in float32 or better.

    Args:
        outputs: of one member; logits (B, M).
        labels: int64 (B,).

    Returns:
        (B,).
    """
    probabilities = torch.softmax(outputs.logits, dim=1, dtype=torch.promote_types(outputs.logits.dtype, torch.float32))
    norm: Tensor = torch.linalg.vector_norm(probabilities - F.one_hot(labels, probabilities.shape[1]), dim=1)
    return norm
