"""A cosine classifier of several heads (Tang et al. 2020), each of which compares a slice of features with one of rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt_prune.angular.logits import unit
from lt_prune.errors import ArgumentError
from lt_prune.models.head import Head
from lt_prune.setting import Setting


@dataclass(frozen=True)
class Cosines:
    """How logits are made of features and rows, z_c = scale / K sum_k f_k . w_ck / (|f_k| (|w_ck| + gamma))."""

    num_heads: int
    """K."""
    scale: float
    gamma: float

    def directions(self, features: Tensor) -> Tensor:
        """Each of the K slices of features (B, D) at length 1, (B, K, D / K), float32 or better; one of zeros stays zero."""
        return unit(self._sliced(features.to(torch.promote_types(features.dtype, torch.float32))))

    def logits(self, directions: Tensor, weight: Tensor) -> Tensor:
        """Logits (B, M) of directions (B, K, D / K) and rows (M, D)."""
        rows = self._sliced(weight.to(directions.dtype))
        length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True) + self.gamma
        rows = rows / torch.where(length == 0, 1, length)
        return self.scale / self.num_heads * F.linear(directions.flatten(1), rows.flatten(1))

    def _sliced(self, vectors: Tensor) -> Tensor:
        return vectors.reshape(len(vectors), self.num_heads, -1)


class CosineClassifier(nn.Module):
    """Features (B, D) to logits (B, M). Its rows start uniformly in +-1 / sqrt(D), as in Tang et al.'s code.

    Args:
        n_features: D.
        n_classes: M.
        num_heads: K, which divides D.
        scale: factor on the mean cosine.
        gamma: added to the length of each slice of a row.

    Raises:
        ArgumentError: the features cannot be cut into so many slices of one size.
    """

    def __init__(self, n_features: int, n_classes: int, *, num_heads: int, scale: float, gamma: float) -> None:
        super().__init__()
        if num_heads < 1 or n_features % num_heads:
            raise ArgumentError(f"num_heads must divide the {n_features} features evenly, and {num_heads:g} does not")
        self.how = Cosines(int(num_heads), scale, gamma)
        self.weight = nn.Parameter(torch.empty(n_classes, n_features))
        bound = n_features**-0.5
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):  # cosines times the scale lose too much in bfloat16
            return self.how.logits(self.how.directions(features), self.weight)


COSINE = Head(
    summary="a cosine classifier of several heads",
    module=CosineClassifier,
    settings={
        "num_heads": Setting(2, "K, slices of the features that are compared each for itself; it divides their number"),
        "scale": Setting(16.0, "factor on the mean of the K cosines, tau of the paper"),
        "gamma": Setting(1 / 32, "added to the length of each slice of a row"),
    },
)
