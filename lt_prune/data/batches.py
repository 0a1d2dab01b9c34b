"""Batches from images held in memory: one gather fetches, crops and mirrors, and yields channels-last pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lt_prune.randomness import generator
from lt_prune.types import Array


def batch_bounds(n_samples: int, batch_size: int) -> list[tuple[int, int]]:
    """Half-open bounds of an epoch's batches. The short last one is kept; a last one of a single sample, in which batch
    normalisation has no variance to estimate, is joined to its neighbour."""
    starts = list(range(0, n_samples, batch_size))
    if len(starts) > 1 and n_samples - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], n_samples]))


@dataclass(frozen=True)
class TrainingBatches:
    """Random crops of zero-padded images, in a new order each epoch.

    Order, crops and flips of an epoch depend on (seed, epoch) alone and come from the CPU on every device.
    """

    padded: Tensor
    """uint8 (N, H + 2 padding, W + 2 padding, C)."""
    labels: Tensor
    """int64 (N,)."""
    padding: int
    flip: bool
    batch_size: int
    seed: int

    @staticmethod
    def of(pixels: Array, labels: Array, *, padding: int, flip: bool, batch_size: int, seed: int) -> TrainingBatches:
        """Batches of uint8 (N, H, W, C) images."""
        padded = np.pad(pixels, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
        return TrainingBatches(torch.from_numpy(padded), torch.from_numpy(labels), padding, flip, batch_size, seed)

    def to(self, device: torch.device) -> TrainingBatches:
        """The same batches from images on `device`."""
        return TrainingBatches(
            self.padded.to(device), self.labels.to(device), self.padding, self.flip, self.batch_size, self.seed
        )

    @property
    def bounds(self) -> list[tuple[int, int]]:
        return batch_bounds(len(self.labels), self.batch_size)

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Pixels uint8 (B, C, H, W) in channels-last order, and labels int64 (B,)."""
        n = len(self.labels)
        order = torch.randperm(n, generator=generator(self.seed, "order", epoch))
        augmentation = generator(self.seed, "augmentation", epoch)
        top, left = torch.randint(0, 2 * self.padding + 1, (2, n), generator=augmentation)
        mirrored = torch.rand(n, generator=augmentation) < 0.5 if self.flip else torch.zeros(n, dtype=torch.bool)
        device = self.padded.device
        order, top, left, mirrored = (t.to(device) for t in (order, top, left, mirrored))
        for start, end in self.bounds:
            batch = slice(start, end)
            yield self._gather(order[batch], top[batch], left[batch], mirrored[batch]), self.labels[order[batch]]

    def _gather(self, samples: Tensor, top: Tensor, left: Tensor, mirrored: Tensor) -> Tensor:
        _, padded_height, padded_width, channels = self.padded.shape
        height, width = padded_height - 2 * self.padding, padded_width - 2 * self.padding
        across = torch.arange(width, device=samples.device)
        rows = top[:, None] + torch.arange(height, device=samples.device)
        columns = left[:, None] + torch.where(mirrored[:, None], across.flip(0), across)
        flat = ((samples[:, None] * padded_height + rows)[:, :, None] * padded_width) + columns[:, None, :]
        pixels = self.padded.reshape(-1, channels).index_select(0, flat.reshape(-1))
        return pixels.reshape(len(samples), height, width, channels).permute(0, 3, 1, 2)


def plain_batches(pixels: Array, batch_size: int, device: torch.device) -> Iterator[Tensor]:
    """Images as they are, in order: uint8 (B, C, H, W) in channels-last order."""
    for start in range(0, len(pixels), batch_size):
        yield torch.from_numpy(np.array(pixels[start : start + batch_size])).to(device).permute(0, 3, 1, 2)
