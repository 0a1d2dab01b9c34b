"""What a sample's own class has, among all classes."""

import torch
from torch import Tensor

from lt_prune.models.network import Outputs


def probabilities(outputs: Outputs) -> Tensor:
    """softmax(z), (B, M), in float32 or better."""
    return torch.softmax(outputs.logits, dim=1, dtype=torch.promote_types(outputs.logits.dtype, torch.float32))


def of_own(values: Tensor, labels: Tensor) -> Tensor:
    """(B,): the value of each sample's own class, of values (B, M) and labels (B,)."""
    return values.gather(1, labels[:, None]).squeeze(1)


def over_others(values: Tensor, labels: Tensor) -> Tensor:
    """(B,): how far the value of the own class is above the largest of the others."""
    return of_own(values, labels) - values.scatter(1, labels[:, None], -torch.inf).amax(dim=1)
