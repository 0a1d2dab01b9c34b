"""Pictures of many samples as a few sheets, each in a text that a page shows as a picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lt_prune.types import Array, Pixels

COLUMNS = 16
"""Pictures side by side on a sheet, and below each other."""
BLOCK = 16
"""Pixels that WebP compresses together: with cells of whole blocks, no picture runs into the next."""
SIDES = (64, 48, 32)
"""Longest sides that pictures may have, as far as the room goes."""
QUALITIES = (None, 85, 70, 55, 40, 25)
"""Of WebP, as far as the room goes; None is without loss."""
TRIED = 256
"""Pictures by which the room is guessed that all will take."""


@dataclass(frozen=True)
class Sprites:
    """Sheets of pictures, in the order of the rows that they were made of."""

    sheets: tuple[str, ...]
    """WebP, in base64."""
    size: tuple[int, int]
    """Width and height of a picture."""
    cell: tuple[int, int]
    """Width and height of the place that each has on its sheet; the picture lies in the upper left corner."""

    @property
    def told(self) -> dict[str, Any]:
        """What the page needs to know of them, besides the sheets."""
        return {"size": self.size, "cell": self.cell, "columns": COLUMNS, "each": COLUMNS**2}


def sprites(pixels: Pixels, rows: Array, room: int) -> Sprites:
    """Sheets of the pictures at these rows, as large and as good as fit into so many bytes of text; the smallest and worst
    where even these do not.

    Args:
        pixels: uint8 (N, H, W, C), of 1 or 3 channels.
        rows: int64, at least one.
    """
    some = rows[:: -(-len(rows) // TRIED)]
    ways = [(side, quality) for side in _sides(pixels) for quality in QUALITIES]
    for side, quality in ways:
        guess = len(_text(*next(_sheets(pixels, some, side)), quality)) * len(rows) / len(some)
        if guess > 0.95 * room and (side, quality) != ways[-1]:
            continue
        made = tuple(_text(sheet, size, quality) for sheet, size in _sheets(pixels, rows, side))
        if sum(map(len, made)) <= room or (side, quality) == ways[-1]:
            width, height = size_within(pixels, side)
            return Sprites(made, (width, height), (_blocks(width), _blocks(height)))
    raise AssertionError("the last way is always taken")


def thumbnail(image: Array, size: tuple[int, int]) -> Array:
    """uint8 (height, width, 3), of an image (H, W, C)."""
    from PIL import Image

    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert("RGB")
    smaller = picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(smaller)


def _sides(pixels: Pixels) -> list[int]:
    """Longest sides to try, none above the pictures' own, and at least one."""
    longest = max(pixels.shape[1:3])
    return [longest] if longest <= SIDES[-1] else sorted({min(side, longest) for side in SIDES}, reverse=True)


def size_within(pixels: Pixels, side: int) -> tuple[int, int]:
    """Width and height of pictures whose longer side is no longer than this, and none larger than it is."""
    height, width = pixels.shape[1:3]
    scale = min(1.0, side / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _blocks(side: int) -> int:
    return -(-side // BLOCK) * BLOCK


def _sheets(pixels: Pixels, rows: Array, side: int) -> Iterator[tuple[Array, tuple[int, int]]]:
    """Sheets, uint8 (., ., 3), and the size of a picture on each."""
    width, height = size_within(pixels, side)
    across, down = _blocks(width), _blocks(height)
    for start in range(0, len(rows), COLUMNS**2):
        images = pixels[rows[start : start + COLUMNS**2]]
        sheet = np.zeros((-(-len(images) // COLUMNS) * down, COLUMNS * across, 3), dtype=np.uint8)
        for place, image in enumerate(images):
            y, x = place // COLUMNS * down, place % COLUMNS * across
            edges = ((0, down - height), (0, across - width), (0, 0))
            sheet[y : y + down, x : x + across] = np.pad(thumbnail(image, (width, height)), edges, mode="edge")
        yield sheet, (width, height)


def _text(sheet: Array, size: tuple[int, int], quality: int | None) -> str:
    from PIL import Image

    memory = io.BytesIO()
    how: dict[str, Any] = {"lossless": True} if quality is None else {"quality": quality}
    Image.fromarray(sheet).save(memory, "WEBP", method=4, **how)
    return base64.b64encode(memory.getvalue()).decode()
