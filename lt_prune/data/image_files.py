"""Image files behind the face of an array: what is indexed is read, and nothing is held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lt_prune.data.decoding import Decoded, UnusableError, quiet_pillow, read_image
from lt_prune.errors import DataError
from lt_prune.types import CHUNK, Array, Pixels

_NAMED = 10
"""Broken images that a message names."""


class Found(NamedTuple):
    """What reading several files gave."""

    images: Array
    """uint8 (B, H, W, 3), zeros where a file is broken."""
    broken: dict[int, str]
    """Why the files at these rows cannot be used."""
    reduced: list[str]
    """Names of those with more than 8 bits a channel, of which the upper 8 were read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageFiles:
    """RGB images uint8 (N, H, W, 3) on disk; it pickles as their names."""

    root: Path
    names: tuple[str, ...]
    """N paths below the root."""
    resize: int | None
    """Side of the square that images are resized to."""
    first: str
    """The file whose size all others must have."""
    side: tuple[int, int]
    """(H, W)."""
    dtype = np.dtype(np.uint8)

    @staticmethod
    def of(root: Path, names: Sequence[str], resize: int | None = None) -> ImageFiles:
        """The files called `names` below `root`, one or more, of which the first sound one is read for its size.

        Raises:
            DataError: none can be used.
        """
        first, side = _first_sound(root, names, resize)
        # An absolute place, so that a change of the working directory does not lose the files.
        return ImageFiles(root=root.absolute(), names=tuple(names), resize=resize, first=first, side=side)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self.names), *self.side, 3

    @property
    def nbytes(self) -> int:
        """Bytes that the images take once read."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: Any) -> Array:
        """Read the images that NumPy's indexing of (N,) picks: uint8 (B, H, W, 3), or (H, W, 3) for a single number.

        Raises:
            DataError: a file cannot be used, or has another size.
        """
        rows = np.arange(len(self))[index]
        found = self.read(np.atleast_1d(rows))
        for why in found.broken.values():
            raise DataError(f"{why}: put a sound copy in its place and run the same command again")
        return found.images if rows.ndim else found.images[0]

    def read(self, rows: Array) -> Found:
        """Read the images at `rows` (B,), the broken ones told apart.

        Raises:
            DataError: a file is gone, or has another size.
        """
        images = np.zeros((len(rows), *self.shape[1:]), dtype=np.uint8)
        broken: dict[int, str] = {}
        reduced: list[str] = []

        def place(i: int) -> None:
            try:
                decoded = self._read(int(rows[i]))
            except UnusableError as error:
                broken[int(rows[i])] = str(error)
                return
            images[i] = decoded.pixels
            reduced.extend([self.names[int(rows[i])]] * decoded.reduced)

        with quiet_pillow(), ThreadPoolExecutor() as pool:  # whose threads start when there is work for them
            for start in range(0, len(rows), CHUNK):
                list(pool.map(place, range(start, min(start + CHUNK, len(rows)))))
        return Found(images, dict(sorted(broken.items())), sorted(reduced))

    def take(self, rows: Array | slice) -> ImageFiles:
        """Those files alone, unread."""
        return replace(self, names=tuple(self.names[i] for i in np.arange(len(self))[rows]))

    def broken(self) -> dict[int, str]:
        """Read every file, hold none, and tell why those at these rows cannot be used.

        Raises:
            DataError: a file is gone, or has another size.
        """
        found: dict[int, str] = {}
        for start in range(0, len(self), CHUNK):
            found |= self.read(np.arange(start, min(start + CHUNK, len(self)))).broken
        return found

    def _read(self, row: int) -> Decoded:
        path = self.root / self.names[row]
        decoded = read_image(path, self.resize)
        if decoded.pixels.shape != self.shape[1:]:
            height, width = self.side
            raise DataError(
                f"images have several sizes: {self.root / self.first} is {width} x {height} and {path} is "
                f"{decoded.pixels.shape[1]} x {decoded.pixels.shape[0]}; add --resize SIDE to bring them to one"
            )
        return decoded


def broken_images(reasons: Sequence[str], n_files: int) -> str:
    """All images that cannot be used in one sentence, and what to do."""
    return (
        f"{len(reasons):,} of {n_files:,} images cannot be used: {first_of(reasons)}: repair or remove them, or leave them "
        f"out with --skip-broken"
    )


def first_of(reasons: Sequence[str]) -> str:
    """The first ten."""
    more = f"; and {len(reasons) - _NAMED:,} more" if len(reasons) > _NAMED else ""
    return "; ".join(reasons[:_NAMED]) + more


def _first_sound(root: Path, names: Sequence[str], resize: int | None) -> tuple[str, tuple[int, int]]:
    """The first file that can be read, and its (H, W)."""
    reasons = []
    for name in names:
        try:
            with quiet_pillow():
                height, width, _ = read_image(root / name, resize).pixels.shape
            return name, (height, width)
        except UnusableError as error:
            reasons.append(str(error))
    raise DataError(broken_images(reasons, len(names)))


def take(pixels: Pixels, rows: Array) -> Pixels:
    """The images at `rows`: copied where they are in memory, unread where they are files."""
    return pixels.take(rows) if isinstance(pixels, ImageFiles) else pixels[rows]
