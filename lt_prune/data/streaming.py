"""Batches from image files, for sets that do not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lt_prune.data.batches import Batches, Drawn, EpochPlan, Sampling
from lt_prune.data.image_files import ImageFiles
from lt_prune.errors import DataError
from lt_prune.types import Array


@dataclass(frozen=True, kw_only=True)
class StreamedBatches(Batches):
    """The batches of `TrainingBatches`, bit for bit, of images that are read when their batch comes."""

    pixels: ImageFiles
    """uint8 (P, H, W, C)."""
    n_workers: int
    """Processes that read ahead; with 0, batches are read where they are used."""

    @staticmethod
    def of(
        pixels: ImageFiles,
        labels: Array,
        sampling: Sampling,
        rows: Array | None = None,
        *,
        device: torch.device | str = "cpu",
        n_workers: int = 0,
    ) -> StreamedBatches:
        """Batches on `device` of the images (P, H, W, C), all of them or those at `rows`."""
        return StreamedBatches(pixels=pixels, n_workers=n_workers, **Batches.common(labels, sampling, rows, device))

    def plan(self, epoch: int) -> EpochPlan:
        return EpochPlan.draw(self.classes, self.sampling, epoch)

    def batches(self, plan: Sequence[Tensor], batches: Sequence[slice]) -> Iterator[Drawn]:
        """Pixels are uint8 (B, C, H, W) in channels-last order.

        Raises:
            DataError: a file cannot be read.
        """
        order, *crops = plan
        drawn, device = self._rows[order], self.labels.device
        every = [part.numpy() for part in (drawn, *crops)]
        self._asked[:] = [tuple(part[batch] for part in every) for batch in batches]
        for batch, pixels in zip(batches, self._loader):
            if isinstance(pixels, DataError):
                raise pixels
            rows = drawn[batch].to(device)
            yield pixels.to(device), self.labels[rows], rows

    @cached_property
    def _rows(self) -> Tensor:
        """Those of the images to train on, for the readers."""
        return self.rows.cpu()

    @cached_property
    def _asked(self) -> list[tuple[Array, ...]]:
        """What the loader is to read next: the batches of an epoch, see `_Crops`."""
        return []

    @cached_property
    def _loader(self) -> DataLoader[Tensor | DataError]:
        """One for all epochs, so that its readers are forked once."""
        return DataLoader(
            _Crops(self.pixels, self.sampling.padding),
            batch_size=None,  # each item of the sampler is a whole batch
            sampler=self._asked,
            num_workers=self.n_workers,
            persistent_workers=self.n_workers > 0,
            # A forked reader does not run the caller's script again, as a spawned one would.
            multiprocessing_context="fork" if self.n_workers else None,
        )


@dataclass(frozen=True)
class _Crops(Dataset[Tensor | DataError]):
    """Crops of the images of a batch."""

    pixels: ImageFiles
    padding: int

    def __getitem__(self, batch: tuple[Array, ...]) -> Tensor | DataError:
        """Which images int64 (B,), top and left of their crops int64 (B,), and which are mirrored bool (B,), to uint8
        (B, C, H, W) in channels-last order; or to the error that stopped it: raised in a reader, it would lose its words."""
        samples, *places_of = batch
        try:
            images = self.pixels[samples]
        except DataError as error:
            return error
        places = zip(*(part.tolist() for part in places_of))
        crops = [
            _crop(image, self.padding, top, left, mirrored)
            for image, (top, left, mirrored) in zip(torch.from_numpy(images).permute(0, 3, 1, 2), places)
        ]
        return torch.stack(crops).contiguous(memory_format=torch.channels_last)


def _crop(image: Tensor, padding: int, top: int, left: int, mirrored: bool) -> Tensor:
    """(C, H, W): a crop of the zero-padded image, of the image's own size."""
    from torchvision.transforms.v2 import functional as F

    _, height, width = image.shape
    cropped: Tensor = F.crop(F.pad(image, [padding]), top, left, height, width)
    return F.horizontal_flip(cropped) if mirrored else cropped
