"""Training samples as a torch dataset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from lt_prune.types import Pixels


@dataclass(frozen=True, eq=False)
class Samples(Dataset[tuple[Tensor, Tensor]]):
    """Items are (uint8 (C, H, W), int64 ()): an image and its label."""

    pixels: Pixels
    """uint8 (N, H, W, C)."""
    labels: Tensor
    """int64 (N,)."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(np.array(self.pixels[i])).permute(2, 0, 1), self.labels[i]
