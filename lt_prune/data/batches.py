"""Batches from images held in memory: one gather fetches, crops and mirrors, and yields channels-last pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

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
    view: int = 0
    """Views of one seed show the same images in the same order, each augmented anew."""

    def length(self, labels: Array) -> int:
        """Draws of an epoch over samples of these labels, int64 (N,)."""
        return epoch_length(labels, self.sampler, self.draws)

    def order(self, labels: Array, epoch: int) -> Tensor:
        """int64 (E,): rows in `labels` in the order in which an epoch shows them."""
        return epoch_order(labels, self.sampler, self.seed, epoch, self.draws)

    def augmentation(self, epoch: int) -> torch.Generator:
        return generator(self.seed, f"augmentation of view {self.view}" if self.view else "augmentation", epoch)


class EpochPlan(NamedTuple):
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
        order, augmentation = sampling.order(labels, epoch), sampling.augmentation(epoch)
        top, left = torch.randint(0, 2 * sampling.padding + 1, (2, len(order)), generator=augmentation)
        mirrored = torch.rand(len(order), generator=augmentation) < 0.5
        return EpochPlan(order, top, left, mirrored & sampling.flip)


Drawn = tuple[Tensor, Tensor, Tensor]
"""A batch: samples (B, ...), their labels, int64 (B,), and their rows in the set, int64 (B,)."""


@dataclass(frozen=True, kw_only=True)
class Batches(ABC):
    """Batches of training samples, in a new order each epoch."""

    pixels: Any
    """(P, ...): every sample there is."""
    labels: Tensor
    """int64 (P,)."""
    rows: Tensor
    """int64 (N,): those to train on."""
    classes: Array
    """int64 (N,): their labels."""
    sampling: Sampling

    @staticmethod
    def common(labels: Array, sampling: Sampling, rows: Array | None, device: torch.device | str) -> dict[str, Any]:
        """What every kind of batches holds on a device, of all samples or those at `rows`, by field."""
        chosen = np.arange(len(labels)) if rows is None else rows
        targets, samples = (tensor_of(each).to(device) for each in (labels, chosen))
        return {"labels": targets, "rows": samples, "classes": labels[chosen], "sampling": sampling}

    @cached_property
    def bounds(self) -> list[tuple[int, int]]:
        """Half-open bounds of an epoch's batches."""
        return batch_bounds(self.length, self.sampling.batch_size)

    @cached_property
    def length(self) -> int:
        """Draws of an epoch."""
        return self.sampling.length(self.classes)

    def epoch(self, epoch: int) -> Iterator[Drawn]:
        """The batches of an epoch."""
        start = epoch * self.length
        return self.between([(start + first, start + end) for first, end in self.bounds])

    def between(self, bounds: Sequence[tuple[int, int]]) -> Iterator[Drawn]:
        """Batches of the draws within these half-open, ascending bounds, counted through all epochs: where an epoch ends
        within a batch, the next one begins."""
        epochs = range(bounds[0][0] // self.length, (bounds[-1][1] - 1) // self.length + 1)
        parts = [torch.cat(each) for each in zip(*(self.plan(epoch) for epoch in epochs))]
        before = epochs[0] * self.length
        return self.batches(parts, [slice(start - before, end - before) for start, end in bounds])

    @abstractmethod
    def plan(self, epoch: int) -> tuple[Tensor, ...]:
        """What an epoch does in its E draws, each (E,), on the CPU."""

    @abstractmethod
    def batches(self, plan: Sequence[Tensor], batches: Sequence[slice]) -> Iterator[Drawn]:
        """The batches that lie so in a plan."""


@dataclass(frozen=True, kw_only=True)
class TrainingBatches(Batches):
    """Random crops of zero-padded images."""

    pixels: Tensor
    """uint8 (P, H, W, C)."""

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
        return TrainingBatches(pixels=tensor_of(pixels).to(device), **Batches.common(labels, sampling, rows, device))

    def plan(self, epoch: int) -> EpochPlan:
        return EpochPlan.draw(self.classes, self.sampling, epoch)

    def batches(self, plan: Sequence[Tensor], batches: Sequence[slice]) -> Iterator[Drawn]:
        """Pixels are uint8 (B, C, H, W) in channels-last order."""
        order, *crops = (part.to(self.pixels.device) for part in plan)
        drawn = self.rows[order]
        for batch in batches:
            rows = drawn[batch]
            yield self.crops(rows, *(part[batch] for part in crops)), self.labels[rows], rows

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
