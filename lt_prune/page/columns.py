"""Columns of numbers as text that a page decodes to typed arrays: little-endian, in base64."""

from __future__ import annotations

import base64

import numpy as np

from lt_prune.types import Array


def packed(values: Array, dtype: str) -> str:
    """Numbers of a type such as "<f4"."""
    return base64.b64encode(np.ascontiguousarray(values).astype(dtype).tobytes()).decode()


def packed_bits(mask: Array) -> str:
    """A mask, the first of eight in the lowest bit of a byte."""
    return base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()


def packed_short(values: Array) -> str:
    """float32 by their upper 16 bits, rounded: two to three digits in half the room."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4").astype(np.uint64)
    return packed((bits + 0x8000) >> np.uint64(16), "<u2")
