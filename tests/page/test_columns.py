"""Columns as a browser decodes them, which is done here by Python's own means."""

from __future__ import annotations

import base64
import struct

import numpy as np

from lt_prune.page.columns import packed, packed_bits, packed_short


def test_numbers_are_little_endian():
    content = base64.b64decode(packed(np.array([1.5, -2.25]), "<f4"))
    assert struct.unpack("<2f", content) == (1.5, -2.25)
    assert struct.unpack("<3I", base64.b64decode(packed(np.array([0, 7, 2**32 - 1]), "<u4"))) == (0, 7, 2**32 - 1)


def test_a_mask_begins_in_the_lowest_bit():
    mask = np.array([True, False, True, False, False, False, False, False, True])
    content = base64.b64decode(packed_bits(mask))
    assert list(content) == [0b101, 0b1]


def test_short_numbers_are_right_to_two_digits():
    values = np.array([0.0, 1.0, 0.0123, 123.4, 9.87e-5], dtype=np.float32)
    upper = struct.unpack("<5H", base64.b64decode(packed_short(values)))
    back = [struct.unpack("<f", struct.pack("<I", each << 16))[0] for each in upper]
    assert np.allclose(back, values, rtol=0.004)
    assert back[0] == 0
