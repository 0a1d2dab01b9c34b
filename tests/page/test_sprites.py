"""Sheets of pictures, decoded again by Pillow."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lt_prune.page.sprites import sprites

RANDOM = np.random.default_rng(0)


def on_sheets(made, place: int) -> np.ndarray:
    """The picture at a place, as a page cuts it out."""
    sheet, place = divmod(place, made.told["each"])
    row, column = divmod(place, made.told["columns"])
    whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(made.sheets[sheet]))).convert("RGB"))
    (width, height), (across, down) = made.size, made.cell
    return whole[row * down : row * down + height, column * across : column * across + width]


def test_each_picture_is_where_it_belongs():
    pixels = RANDOM.integers(0, 256, (300, 8, 12, 3), dtype=np.uint8)
    rows = RANDOM.permutation(300)
    made = sprites(pixels, rows, room=10**9)
    assert (made.size, made.cell, len(made.sheets)) == ((12, 8), (16, 16), 2)
    for place in (0, 1, 15, 16, 255, 256, 299):
        assert np.array_equal(on_sheets(made, place), pixels[rows[place]])  # there is room, so nothing is lost


def test_grey_pictures_are_shown_grey():
    pixels = RANDOM.integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    found = on_sheets(sprites(pixels, np.arange(5), room=10**9), 3)
    assert (found == pixels[3]).all()


@pytest.mark.parametrize("room", [60_000, 120_000])
def test_they_get_worse_or_smaller_until_they_fit(room):
    soft = np.repeat(np.repeat(RANDOM.integers(0, 256, (200, 8, 8, 3), dtype=np.uint8), 16, axis=1), 16, axis=2)
    made = sprites(soft, np.arange(200), room)
    assert sum(map(len, made.sheets)) <= room
    assert max(made.size) in (64, 48, 32)
    found, own = on_sheets(made, 7), np.asarray(Image.fromarray(soft[7]).resize(made.size))
    assert np.abs(found.astype(int) - own).mean() < 40


def test_without_room_they_are_the_smallest():
    assert sprites(RANDOM.integers(0, 256, (20, 70, 70, 3), dtype=np.uint8), np.arange(20), room=10).size == (32, 32)
