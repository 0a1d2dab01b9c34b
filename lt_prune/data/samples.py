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
    """Items are (uint8 (C, H, W), int64 ()): an image and its label; or (float32 (D,), int64 ()), an embedding and its."""

    pixels: Pixels
    """uint8 (N, H, W, C), or float32 (N, D)."""
    labels: Tensor
    """int64 (N,)."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        sample = torch.from_numpy(np.array(self.pixels[i]))
        return sample.permute(2, 0, 1) if sample.ndim == 3 else sample, self.labels[i]
