"""What sources of image files share: they are held in memory, or streamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lt_prune.data.image_files import ImageFiles
from lt_prune.data.loading import streams
from lt_prune.data.sources import Request, Source
from lt_prune.data.survey import warn_of_reduced
from lt_prune.types import Array, Pixels

Listed = tuple[Sequence[str], Array]
"""Paths below the root, and int64 labels, one each."""


def source_of_files(request: Request, root: Path, train: Listed, test: Listed, class_names: Sequence[str]) -> Source:
    """Image files below a root; those that would fill the memory are streamed, see `lt_prune.data.loading`, and the test
    images among them are read only when a network is tested.

    Args:
        train: one file or more.
        test: perhaps none.

    Raises:
        DataError: no file can be used, or they have several sizes and no `resize` was asked for.
    """
    files = ImageFiles.of(root, train[0], request.resize)
    tests = ImageFiles.of(root, test[0], request.resize) if test[0] else files.take(slice(0))
    streamed = streams(request.loading, files.nbytes + tests.nbytes)
    pixels, broken = (files, {}) if streamed else _held(files)
    # Whoever leaves out broken images wants to know which before anything is trained.
    test_pixels, test_broken = (tests, {}) if streamed and not request.skip_broken else _looked_at(tests, streamed)
    return Source(
        pixels=pixels,
        labels=train[1],
        test_pixels=test_pixels,
        test_labels=test[1],
        class_names=tuple(class_names),
        file_names=files.names,
        test_file_names=tests.names,
        fresh=True,
        broken=broken,
        test_broken=test_broken,
    )


def _looked_at(files: ImageFiles, streamed: bool) -> tuple[Pixels, Mapping[int, str]]:
    return (files, files.broken()) if streamed else _held(files)


def _held(files: ImageFiles) -> tuple[Array, Mapping[int, str]]:
    found = files.read(np.arange(len(files)))
    warn_of_reduced(found.reduced)
    return found.images, found.broken
