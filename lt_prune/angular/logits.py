"""Angular logits (Wang & Yan, Eq. 1)."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def cosines(features: Tensor, weight: Tensor) -> Tensor:
    """Cosine between each feature vector (..., D) and each class's weight vector (M, D); 0 where either is zero.

    Returns:
        (..., M), in [-1, 1] up to rounding, float32 or better.
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    with torch.autocast(features.device.type, enabled=False):
        return products(unit(features.to(dtype)), unit(weight.to(dtype)))


def products(one: Tensor, other: Tensor) -> Tensor:
    """Inner products (..., M) of vectors (..., D) and (M, D), of one type: cosines where they are of length 1."""
    # On CUDA, where torch may be told to multiply float32 in TF32, the product is one of float64.
    exact = torch.float64 if one.is_cuda else one.dtype
    with torch.autocast(one.device.type, enabled=False):
        return F.linear(one.to(exact), other.to(exact)).to(one.dtype)


def unit(vectors: Tensor) -> Tensor:
    """Each vector by its length. A zero vector stays zero, with zero gradient instead of one without bound."""
    length = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    zero = length == 0
    return torch.where(zero, 0, vectors) / torch.where(zero, 1, length)


def angles(features: Tensor, weight: Tensor) -> Tensor:
    """Angle between each feature vector and each class's weight vector, arccos(cos(phi, W_i)).

    The cosine is clamped just inside +-1 so that its gradient stays finite; a zero vector is at pi/2 to everything.

    Args:
        features: (..., D), any floating type; computed in float32 or better.
        weight: (M, D).

    Returns:
        (..., M), radians in [0, pi].
    """
    cosine = cosines(features, weight)
    inside = 1 - torch.finfo(cosine.dtype).eps
    return torch.acos(cosine.clamp(-inside, inside))


def angular_logits(features: Tensor, weight: Tensor) -> Tensor:
    """Angular logits a_i = pi - arccos(cos(phi, W_i)) (Wang & Yan, Eq. 1); the bias takes no part.

    The angular probability is softmax(a), with no temperature. Arguments as for `angles`.

    Returns:
        (..., M), in [0, pi]; the larger, the nearer the feature lies to the class.
    """
    return math.pi - angles(features, weight)


class AngularLinear(nn.Module):
    """A classifier whose outputs are angular logits, in place of `nn.Linear`, whose saved weights it takes.

    There is no bias, as it takes no part in an angle; that of an `nn.Linear` is passed over when its weights are loaded.

    Args:
        in_features: D.
        out_features: M.

    Example:
        >>> import torch
        >>> from lt_prune.angular import AngularLinear
        >>> AngularLinear(64, 10)(torch.randn(2, 64)).shape
        torch.Size([2, 10])
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.kaiming_normal_(self.weight)

    @staticmethod
    def from_linear(linear: nn.Linear) -> AngularLinear:
        """An angular classifier that shares a trained linear one's weight; its bias takes no part.

        A trained torchvision model predicts by angle after `model.fc = AngularLinear.from_linear(model.fc)`.
        """
        angular = AngularLinear(linear.in_features, linear.out_features)
        angular.register_parameter("weight", cast(nn.Parameter, linear.weight))
        return angular

    def forward(self, features: Tensor) -> Tensor:
        """(..., D) to angular logits (..., M)."""
        return angular_logits(features, self.weight)

    def extra_repr(self) -> str:
        """Its sizes, which `print` shows."""
        return f"in_features={self.in_features}, out_features={self.out_features}"

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """torch's way in for a module whose saved form differs: `load_state_dict` calls it for every module."""
        state_dict.pop(f"{prefix}bias", None)
        super()._load_from_state_dict(state_dict, prefix, *args)
