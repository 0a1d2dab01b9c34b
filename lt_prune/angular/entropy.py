"""Angular entropy minimisation, AEM (Wang & Yan, Eq. 6)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AngularEntropyLoss(nn.Module):
    """Cross-entropy plus entropy of the angular probabilities: L = -sum q log p - sum p log p, with p = softmax(a).

    The text around Eq. 6 says once that entropy is to grow; the equation and the method's name say that it is added to what
    is minimised, and they hold here, unless `entropy` is "maximised": then it is taken away.

    Args:
        entropy: "minimised" (Eq. 6) or "maximised".

    Example:
        >>> import torch
        >>> from lt_prune.angular import AngularEntropyLoss
        >>> AngularEntropyLoss()(torch.zeros(4, 10), torch.tensor([0, 1, 2, 3]))  # 2 log 10
        tensor(4.6052)
    """

    def __init__(self, entropy: str = "minimised") -> None:
        super().__init__()
        if entropy not in ("minimised", "maximised"):
            raise ValueError(f"entropy must be minimised or maximised, not {entropy!r}")
        self.sign = 1 if entropy == "minimised" else -1

    def forward(self, angular_logits: Tensor, target: Tensor) -> Tensor:
        """Mean loss over a batch.

        Args:
            angular_logits: (B, M).
            target: class indices (B,), or probabilities (B, M), such as mixup gives.

        Returns:
            (), float32 or better.
        """
        logits = angular_logits.to(torch.promote_types(angular_logits.dtype, torch.float32))
        log_p = F.log_softmax(logits, dim=1)
        return F.cross_entropy(logits, target) - self.sign * (log_p.exp() * log_p).sum(dim=1).mean()
