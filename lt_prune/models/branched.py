"""Backbones that end in several branches, each with features of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt_prune.models.model import Backbone, Split


class Branched(nn.Module):
    """A trunk that is shared, and K branches on it.

    Args:
        trunk: normalised samples to what all branches take.
        branches: each of that to features (B, D).
    """

    def __init__(self, trunk: nn.Module, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.trunk, self.branches = trunk, nn.ModuleList(branches)

    @property
    def parts(self) -> list[nn.Module]:
        """The trunk, and each branch."""
        return [self.trunk, *self.branches]

    def forward(self, samples: Tensor, branch: int | None = None) -> Tensor:
        """Features (B, K D), those of one branch after another, or (B, D) of one alone."""
        shared = self.trunk(samples)
        if branch is not None:
            return self.branches[branch](shared)  # type: ignore[no-any-return]
        return torch.cat([own(shared) for own in self.branches], dim=1)

    def placed(self, features: Tensor, branch: int) -> Tensor:
        """Features (B, D) of one branch as (B, K D), in which those of the others are 0."""
        width = features.shape[1]
        return F.pad(features, (branch * width, (len(self.branches) - 1 - branch) * width))


def branched(backbones: Sequence[Backbone], split: Split) -> Backbone:
    """Several backbones of one model as one of as many branches: the trunk is the first one's, and each has its own end."""
    trunks, ends = zip(*(split(each.module) for each in backbones))
    first = backbones[0]
    return replace(first, module=Branched(trunks[0], ends), n_features=len(ends) * first.n_features)
