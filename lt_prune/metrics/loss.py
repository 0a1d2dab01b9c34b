"""The loss: the cross-entropy of a sample."""

from torch import Tensor
from torch.nn import functional as F

from lt_prune.metrics import metric
from lt_prune.models.network import Outputs


@metric(higher_is_harder=True, equation="-log p_y, p = softmax(z)", paper="Kumar et al. 2010 (self-paced learning)")
def loss(outputs: Outputs, labels: Tensor) -> Tensor:
    """In [0, inf), in nats. By one member it ranks as `self-confidence` does; a mean over members does not.

    Args:
        outputs: of one member; logits (B, M).
        labels: int64 (B,).

    Returns:
        (B,).
    """
    return F.cross_entropy(outputs.float().logits, labels, reduction="none")
