"""One pass over a source's images: what each is, and which cannot be used."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lt_prune.data.identity import content_digests
from lt_prune.data.image_files import ImageFiles, broken_images
from lt_prune.errors import DataError
from lt_prune.types import CHUNK, Array, LongTailedSet, Pixels


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a pass over N images found."""

    content: Array
    """uint64 (N,): digests of pixels and label, see `lt_prune.data.identity`."""
    pictures: Array
    """uint64 (N,): digests of the pixels alone."""
    broken: Mapping[int, str]
    """Why the images at these rows cannot be used."""


def survey(pixels: Pixels, labels: Array) -> Survey:
    """Look at every image once; those that are files are read, and only a part of them is held at a time."""
    content, pictures = (np.empty(len(labels), dtype=np.uint64) for _ in range(2))
    broken: dict[int, str] = {}
    reduced: list[str] = []
    for start in range(0, len(labels), CHUNK):
        some = slice(start, start + CHUNK)
        if isinstance(pixels, ImageFiles):
            images, its_broken, its_reduced = pixels.read(np.arange(len(labels))[some])
            broken |= its_broken
            reduced += its_reduced
        else:
            images = pixels[some]
        content[some] = content_digests(images, labels[some])
        pictures[some] = picture_digests(images)
    warn_of_reduced(reduced)
    return Survey(content=content, pictures=pictures, broken=broken)


def check_test(lt_set: LongTailedSet) -> None:
    """Read test images that no step has read before, so that what is broken is found before the training and not after it.

    Raises:
        DataError: some cannot be used.
    """
    if not isinstance(lt_set.test_pixels, ImageFiles) or lt_set.index.built.get("holdout"):
        return
    seen = survey(lt_set.test_pixels, lt_set.test_labels)
    if seen.broken:
        raise DataError(broken_images(list(seen.broken.values()), len(lt_set.test_labels)))
    if copies := int(np.isin(seen.content, lt_set.index.ids).sum()):
        warnings.warn(
            f"{lt_set.index.name} has exact copies: {copies:,} of training images among the test images", stacklevel=2
        )


def picture_digests(pixels: Pixels) -> Array:
    """uint64 (N,): equal for images of equal pixels, whatever their labels."""
    return content_digests(pixels, np.full(len(pixels), -1))


def warn_of_reduced(names: Sequence[str]) -> None:
    """Say that images lost bits."""
    if names:
        warnings.warn(
            f"{len(names):,} images have 16 bits a channel, such as {names[0]}: they are read at the upper 8", stacklevel=2
        )
