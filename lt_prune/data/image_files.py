"""Image files behind the face of an array: what is indexed is read, and nothing is held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.errors import DataError
from lt_prune.types import CHUNK, Array, Pixels


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
        """The files called `names` below `root`, one or more, of which the first is read for its size.

        Raises:
            DataError: it cannot be read.
        """
        height, width, _ = read_image(root / names[0], resize).shape
        # An absolute place, so that a change of the working directory does not lose the files.
        return ImageFiles(root=root.absolute(), names=tuple(names), resize=resize, first=names[0], side=(height, width))

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
            DataError: a file cannot be read, or has another size.
        """
        rows = np.arange(len(self))[index]
        if rows.ndim == 0:
            return self._read(int(rows))
        images = np.empty((len(rows), *self.shape[1:]), dtype=np.uint8)

        def place(i: int) -> None:
            images[i] = self._read(int(rows[i]))

        with ThreadPoolExecutor() as pool:
            for start in range(0, len(rows), CHUNK):
                list(pool.map(place, range(start, min(start + CHUNK, len(rows)))))
        return images

    def take(self, rows: Array | slice) -> ImageFiles:
        """Those files alone, unread."""
        return replace(self, names=tuple(self.names[i] for i in np.arange(len(self))[rows]))

    def check(self) -> None:
        """Read every file and hold none.

        Raises:
            DataError: a file cannot be read, or has another size.
        """
        for start in range(0, len(self), CHUNK):
            _ = self[start : start + CHUNK]

    def _read(self, row: int) -> Array:
        path = self.root / self.names[row]
        image = read_image(path, self.resize)
        if image.shape != self.shape[1:]:
            height, width = self.side
            raise DataError(
                f"images have several sizes: {self.root / self.first} is {width} x {height} and {path} is "
                f"{image.shape[1]} x {image.shape[0]}; add --resize SIDE to bring them to one"
            )
        return image


def read_image(path: Path, resize: int | None) -> Array:
    """One image as RGB, uint8 (H, W, 3).

    Raises:
        DataError: it is gone, is no whole image, or has more than 8 bits a channel.
    """
    from PIL import Image

    try:
        with Image.open(path) as file:
            mode, image = file.mode, file.convert("RGB")
    except FileNotFoundError:
        raise DataError(f"{path} is gone since its folder was listed: put it back, or run the command again") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds, SyntaxError among them
        raise DataError(f"{path} cannot be read as an image ({error}): repair or remove it") from None
    if mode.startswith(("I", "F")):
        raise DataError(f"{path} has pixels of more than 8 bits ({mode}), which would be clipped: convert it to 8 bits")
    if resize is not None:
        image = image.resize((resize, resize), Image.Resampling.BILINEAR)
    return np.asarray(image)


def take(pixels: Pixels, rows: Array) -> Pixels:
    """The images at `rows`: copied where they are in memory, unread where they are files."""
    return pixels.take(rows) if isinstance(pixels, ImageFiles) else pixels[rows]
