"""One NumPy archive: x_train, y_train, x_test, y_test (the names Keras uses), and class_names by choice."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.arrays import arrays_of, class_names_of, labels_of
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import CHUNK, Array

MOST_CHANNELS = 4
"""Of pictures: grey, grey and alpha, RGB, RGB and alpha."""


def npz(request: Request) -> Source:
    """Read an archive of uint8 images (N, H, W), (N, H, W, C) or (N, C, H, W) and integer labels (N,); it unpickles nothing.

    x_test and y_test may be left out. Channels come first where that axis has 1 to 4 entries and the last one more.

    Raises:
        ArgumentError: no path was given.
        DataError: the file is no such archive.
    """
    if request.path is None:
        raise ArgumentError("the npz source needs a path: --data npz:PATH")
    request.refuse_file_options("npz")
    arrays = arrays_of(request.path)
    pixels, labels = _images(arrays, "x_train", request.path), labels_of(arrays, "y_train", request.path)
    test_pixels, test_labels = pixels[:0].copy(), labels[:0].copy()
    if "x_test" in arrays or "y_test" in arrays:
        test_pixels, test_labels = _images(arrays, "x_test", request.path), labels_of(arrays, "y_test", request.path)
    class_names = class_names_of(arrays, labels, request.path, "image")
    return Source(
        pixels=pixels,
        labels=labels,
        test_pixels=test_pixels,
        test_labels=test_labels,
        class_names=class_names,
        fresh=True,
    )


def _images(arrays: dict[str, Array], name: str, path: Path) -> Array:
    images = arrays.get(name)
    if images is None or images.dtype != np.uint8 or images.ndim not in (3, 4):
        found = "nothing" if images is None else f"{images.dtype} {images.shape}"
        embeddings = images is not None and images.ndim == 2 and np.issubdtype(images.dtype, np.floating)
        meant = f"; embeddings are read by --data features:{path}" if embeddings else ""
        raise DataError(f"{name} in {path} must be uint8 images (N, H, W) or (N, H, W, C), not {found}{meant}")
    images = np.ascontiguousarray(images)
    if images.ndim == 3:
        return images[..., None]
    if _channels_first(images.shape):
        return _channels_last(images)
    if images.shape[3] > MOST_CHANNELS:
        height, width, channels = images.shape[1:]
        said = f"images of {height} x {width} pixels with {channels} channels each: put the channels last, if they are not"
        warnings.warn(f"{name} in {path} is read as {said}", stacklevel=2)
    return images


def _channels_first(shape: tuple[int, ...]) -> bool:
    return shape[1] <= MOST_CHANNELS < min(shape[2:])


def _channels_last(images: Array) -> Array:
    """(N, C, H, W) as (N, H, W, C), in the same memory: there may be no room for both."""
    n, channels, height, width = images.shape
    found = images.reshape(n, height, width, channels)
    for start in range(0, n, CHUNK):
        some = slice(start, start + CHUNK)
        found[some] = np.moveaxis(images[some], 1, 3).copy()
    return found
