"""Angles between features and classifier weights, and what follows from them alone (Wang & Yan, Eq. 1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def angles(features: Tensor, weight: Tensor) -> Tensor:
    """Angle between each feature vector and each class's weight vector, arccos(cos(phi, W_i)).

    The cosine is clamped just inside +-1 so that its gradient stays finite; a zero vector is at pi/2 to everything.

    Args:
        features: (..., D), any floating type; computed in float32 or better.
        weight: (M, D).

    Returns:
        (..., M), radians in [0, pi].
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    cosine = F.linear(F.normalize(features.to(dtype), dim=-1), F.normalize(weight.to(dtype), dim=-1))
    inside = 1 - torch.finfo(dtype).eps
    return torch.acos(cosine.clamp(-inside, inside))


def angular_logits(features: Tensor, weight: Tensor) -> Tensor:
    """Angular logits a_i = pi - arccos(cos(phi, W_i)) (Wang & Yan, Eq. 1); the bias takes no part.

    The angular probability is softmax(a), with no temperature. Arguments as for `angles`.

    Returns:
        (..., M), in [0, pi]; the larger, the nearer the feature lies to the class.
    """
    return math.pi - angles(features, weight)
