"""What runs side by side on one device have in common."""

from __future__ import annotations

import torch
from torch import Tensor

from lt_prune.data.batches import tensor_of
from lt_prune.engine.devices import n_readers
from lt_prune.types import Pixels


class Shared:
    """One copy of the images for all runs that train on them, and the cores that read images ahead.

    Args:
        n_runs: how many run side by side.
    """

    def __init__(self, device: torch.device, n_runs: int = 1) -> None:
        self.device = device
        self.n_readers = n_readers(device.type, n_runs)
        """Processes for each run."""
        self._images: dict[int, tuple[Pixels, Tensor]] = {}
        """By identity; the array is held so that its identity stays its own."""

    def images(self, pixels: Pixels) -> Tensor:
        """uint8 (P, H, W, C) on the device."""
        if id(pixels) not in self._images:
            self._images[id(pixels)] = pixels, tensor_of(pixels[:]).to(self.device)
        return self._images[id(pixels)][1]
