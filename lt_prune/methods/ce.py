"""Cross-entropy on the linear logits; with mixup, stage one of MiSLAS (Zhong et al. 2021)."""

from torch import Tensor
from torch.nn import functional as F

from lt_prune.models.network import Outputs


def ce(outputs: Outputs, target: Tensor) -> Tensor:
    """Mean cross-entropy of softmax(logits) (B, M) against probabilities `target` (B, M)."""
    return F.cross_entropy(outputs.logits, target)
