"""Items (image, label) of data sets that others have made, read once into arrays."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np

from lt_prune.data.decoding import UnusableError, shown_by
from lt_prune.data.sources.npz import MOST_CHANNELS
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import Array

_EXACT = {2: 0.07}
"""By how much 255 times a number may differ from a whole one, by the bytes of its type: as much as half rounds near 1."""


def read_items(items: Iterable[tuple[Any, Any]], n_items: int, what: str, resize: int | None = None) -> tuple[Array, Array]:
    """Images uint8 (N, H, W, C), or embeddings float32 (N, D), and labels int64 (N,).

    An image is one of Pillow, a uint8 array (H, W) or (H, W, C), or a tensor (H, W) or (C, H, W) of bytes or of bytes over
    255, as `ToTensor` makes them; an embedding is a vector of floats. Grey images among coloured ones get their channels.

    Args:
        items: N of them.
        what: names the data set in messages.
        resize: side of the square that images of Pillow are resized to.

    Raises:
        ArgumentError: there are others than images of Pillow to resize.
        DataError: an item is none of these, or images have several sizes.
    """
    found: Array = np.empty(0)
    labels = np.empty(n_items, dtype=np.int64)
    for row, (image, label) in enumerate(items):
        own = _as_array(image, f"item {row:,} of {what}", resize)
        labels[row] = _as_label(label, f"item {row:,} of {what}")
        if not row:
            found = np.empty((n_items, *own.shape), dtype=own.dtype)
        found = _with_room(found, own, row, what)
        found[row] = own
    return found, labels


def _with_room(found: Array, own: Array, row: int, what: str) -> Array:
    """The images, which get the channels of this one where it is the first in colour."""
    if found[0].ndim == own.ndim == 3 and found.shape[1:3] == own.shape[:2]:
        channels = {found.shape[3], own.shape[2]}
        if len(channels) == 1 or channels == {1, 3}:
            return np.repeat(found, 3, axis=3) if own.shape[2] > found.shape[3] else found
    if found.shape[1:] != own.shape or found.dtype != own.dtype:
        raise DataError(
            f"the items of {what} have several shapes: the first is {found.shape[1:]} of {found.dtype}, and item {row:,} is "
            f"{own.shape} of {own.dtype}: bring them to one (images of Pillow by resize)"
        )
    return found


def _as_array(image: Any, what: str, resize: int | None) -> Array:
    """uint8 (H, W, C), or float32 (D,)."""
    if hasattr(image, "getbands"):
        try:
            return shown_by(image, what, resize)
        except UnusableError as error:
            raise DataError(str(error)) from None
    if resize is not None:
        raise ArgumentError(f"{what} is no image of Pillow, and is taken in its own size: leave out resize")
    is_tensor = hasattr(image, "detach")
    values = np.asarray(_plain(image) if is_tensor else image)
    if values.dtype.kind == "f" and values.ndim == 1 and values.size:
        return values.astype(np.float32)
    if values.ndim == 3 and is_tensor:
        values = np.moveaxis(values, 0, 2)
    if values.ndim not in (2, 3) or not values.size or (values.ndim == 3 and values.shape[2] > MOST_CHANNELS):
        kind = "a tensor (C, H, W)" if is_tensor else "an array (H, W, C)"
        raise DataError(
            f"{what} must be an image of Pillow, {kind} of up to {MOST_CHANNELS} channels, or a vector of floats, not "
            f"{type(image).__name__} {tuple(np.shape(image))}"
        )
    return np.ascontiguousarray(_as_bytes(values, what).reshape(*values.shape[:2], -1))


def _plain(tensor: Any) -> Any:
    """On the CPU, in a type that NumPy has."""
    plain = tensor.detach().cpu()
    return plain.float() if str(plain.dtype) == "torch.bfloat16" else plain


def _as_bytes(values: Array, what: str) -> Array:
    if values.dtype == np.uint8:
        return values
    whole = np.rint(values.astype(np.float64) * 255) if values.dtype.kind == "f" else np.empty(0)
    rounded = np.abs(values.astype(np.float64) * 255 - whole).max() if whole.size else np.inf
    if not 0 <= values.min() <= values.max() <= 1 or rounded > _EXACT.get(values.dtype.itemsize, 1e-3):
        seen = f"{values.dtype} from {values.min():.4g} to {values.max():.4g}"
        raise DataError(
            f"{what} must be of bytes, or of bytes over 255 as ToTensor gives them, not {seen}: leave out Normalize and "
            f"whatever else changes images"
        )
    return whole.astype(np.uint8)


def _as_label(label: Any, what: str) -> int:
    plain = label.item() if getattr(label, "shape", None) == () else label
    if type(plain) is bool or not isinstance(plain, Integral) or plain < 0:
        raise DataError(f"the label of {what} must be a whole number of 0 or more, not {label!r}")
    return int(plain)
