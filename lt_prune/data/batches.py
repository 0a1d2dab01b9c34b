"""Batches from images held in memory: one gather fetches, crops and mirrors, and yields channels-last pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from lt_prune.data.order import epoch_length, epoch_order
from lt_prune.randomness import generator
from lt_prune.types import Array, Pixels


def tensor_of(array: Array | Tensor) -> Tensor:
    """The array as a tensor on the CPU, in the same memory where that can be written to."""
    return array if isinstance(array, Tensor) else torch.from_numpy(np.require(array, requirements="W"))


def batch_bounds(n_samples: int, batch_size: int) -> list[tuple[int, int]]:
    """Half-open bounds of an epoch's batches. The short last one is kept; a last one of a single sample, in which batch
    normalisation has no variance to estimate, is joined to its neighbour."""
    starts = list(range(0, n_samples, batch_size))
    if len(starts) > 1 and n_samples - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], n_samples]))


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How epochs are drawn from training samples: in which order, in which batches, and how each image is augmented."""

    sampler: str = "instance"
    draws: str = "samples"
    """Order and length of an epoch, see `lt_prune.data.order`."""
    padding: int
    """Pixels of zeros on each side of an image, from which it is cropped."""
    flip: bool
    """Whether half of the images are mirrored."""
    batch_size: int
    seed: int

    def bounds(self, labels: Array) -> list[tuple[int, int]]:
        """Half-open bounds of the batches of an epoch over samples of these labels, int64 (N,)."""
        return batch_bounds(epoch_length(labels, self.sampler, self.draws), self.batch_size)


@dataclass(frozen=True)
class EpochPlan:
    """What one epoch does in its E draws; it depends on (seed, epoch) alone and comes from the CPU on every device."""

    order: Tensor
    """int64 (E,): see `lt_prune.data.order`."""
    top: Tensor
    left: Tensor
    """int64 (E,): upper left corner of each crop from the padded image, in [0, 2 padding]."""
    mirrored: Tensor
    """bool (E,)."""

    @staticmethod
    def draw(labels: Array, sampling: Sampling, epoch: int) -> EpochPlan:
        """The plan of an epoch over samples of these labels, int64 (N,)."""
        order = epoch_order(labels, sampling.sampler, sampling.seed, epoch, sampling.draws)
        augmentation = generator(sampling.seed, "augmentation", epoch)
        top, left = torch.randint(0, 2 * sampling.padding + 1, (2, len(order)), generator=augmentation)
        mirrored = torch.rand(len(order), generator=augmentation) < 0.5
        return EpochPlan(order, top, left, mirrored & sampling.flip)

    def to(self, device: torch.device) -> EpochPlan:
        return EpochPlan(*(part.to(device) for part in (self.order, self.top, self.left, self.mirrored)))


@dataclass(frozen=True)
class TrainingBatches:
    """Random crops of zero-padded images, in a new order each epoch."""

    pixels: Tensor
    """uint8 (P, H, W, C): every image there is."""
    labels: Tensor
    """int64 (P,)."""
    rows: Tensor
    """int64 (N,): the images to train on."""
    classes: Array
    """int64 (N,): their labels."""
    sampling: Sampling

    @staticmethod
    def of(
        pixels: Array | Tensor,
        labels: Array,
        sampling: Sampling,
        rows: Array | None = None,
        *,
        device: torch.device | str = "cpu",
    ) -> TrainingBatches:
        """Batches of uint8 (P, H, W, C) images, all of them or those at `rows`, held on `device`."""
        chosen = np.arange(len(labels)) if rows is None else rows
        images, targets, samples = (tensor_of(each).to(device) for each in (pixels, labels, chosen))
        return TrainingBatches(images, targets, samples, labels[chosen], sampling)

    @cached_property
    def bounds(self) -> list[tuple[int, int]]:
        return self.sampling.bounds(self.classes)

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Pixels uint8 (B, C, H, W) in channels-last order, and labels int64 (B,)."""
        plan = EpochPlan.draw(self.classes, self.sampling, epoch).to(self.pixels.device)
        samples = self.rows[plan.order]
        for start, end in self.bounds:
            batch = slice(start, end)
            yield (
                self.crops(samples[batch], plan.top[batch], plan.left[batch], plan.mirrored[batch]),
                self.labels[samples[batch]],
            )

    def crops(self, samples: Tensor, top: Tensor, left: Tensor, mirrored: Tensor) -> Tensor:
        """uint8 (B, C, H, W): one gather fetches, crops and mirrors; what lies outside an image is zero."""
        _, height, width, channels = self.pixels.shape
        across = torch.arange(width, device=samples.device)
        rows = (top - self.sampling.padding)[:, None] + torch.arange(height, device=samples.device)
        columns = (left - self.sampling.padding)[:, None] + torch.where(mirrored[:, None], across.flip(0), across)
        inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
        rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
        flat = (samples[:, None] * height + rows)[:, :, None] * width + columns[:, None, :]
        found = self.pixels.reshape(-1, channels).index_select(0, flat.reshape(-1)) * inside.reshape(-1, 1)
        return found.reshape(len(samples), height, width, channels).permute(0, 3, 1, 2)


def plain_batches(pixels: Pixels, batch_size: int, device: torch.device, rows: Array | None = None) -> Iterator[Tensor]:
    """Samples as they are, all of them or those at `rows`, in order: images uint8 (B, C, H, W) in channels-last order, or
    embeddings float32 (B, D)."""
    chosen = np.arange(len(pixels)) if rows is None else rows
    for start in range(0, len(chosen), batch_size):
        samples = torch.from_numpy(np.array(pixels[chosen[start : start + batch_size]])).to(device)
        yield samples.permute(0, 3, 1, 2) if samples.ndim == 4 else samples
