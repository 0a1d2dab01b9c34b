"""One NumPy archive: x_train, y_train, x_test, y_test (the names Keras uses), and class_names by choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lt_prune.data.sources import Request, Source
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
    arrays = _load(request.path)
    if missing := [name for name in ("x_train", "y_train") if name not in arrays]:
        raise DataError(
            f"{request.path} has no {' and no '.join(missing)}: it holds {', '.join(sorted(arrays)) or 'nothing'}"
        )
    pixels, labels = _images(arrays, "x_train", request.path), _labels(arrays, "y_train", request.path)
    test_pixels, test_labels = pixels[:0].copy(), labels[:0].copy()
    if "x_test" in arrays or "y_test" in arrays:
        test_pixels, test_labels = _images(arrays, "x_test", request.path), _labels(arrays, "y_test", request.path)
    if "class_names" in arrays:
        class_names = _names(arrays["class_names"], request.path)
    else:
        if not len(labels):
            raise DataError(f"x_train in {request.path} holds no image")
        if labels.max() >= len(labels):
            raise DataError(f"labels in {request.path} reach {labels.max()}, but there are only {len(labels):,} images")
        class_names = tuple(str(c) for c in range(int(labels.max(initial=-1)) + 1))
    return Source(
        pixels=pixels,
        labels=labels,
        test_pixels=test_pixels,
        test_labels=test_labels,
        class_names=class_names,
        fresh=True,
    )


def _load(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: name an .npz file that does") from None
    except MemoryError:
        raise
    except Exception as error:  # NumPy and zipfile raise many kinds on damaged files, zlib.error and NotImplementedError too
        raise DataError(f"{path} is not a readable .npz archive of plain arrays{_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Why, unless NumPy advises what is no way on: to unpickle objects, which may run code."""
    if "pickle" in str(error):
        return ": it is another kind of file, or holds objects of Python, which are not read; save plain arrays by np.savez"
    return (
        ": it is a single array; save x_train and y_train by np.savez" if "context manager" in str(error) else f" ({error})"
    )


def _names(names: Array, path: Path) -> tuple[str, ...]:
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise DataError(f"class_names in {path} must be text (M,), not {names.dtype} {names.shape}")
    try:
        return tuple(np.char.decode(names, "utf-8").tolist() if names.dtype.kind == "S" else names.tolist())
    except UnicodeDecodeError as error:
        raise DataError(f"class_names in {path} are not UTF-8 text ({error})") from None


def _images(arrays: dict[str, Array], name: str, path: Path) -> Array:
    images = arrays.get(name)
    if images is None or images.dtype != np.uint8 or images.ndim not in (3, 4):
        found = "nothing" if images is None else f"{images.dtype} {images.shape}"
        raise DataError(f"{name} in {path} must be uint8 images (N, H, W) or (N, H, W, C), not {found}")
    images = np.ascontiguousarray(images)
    if images.ndim == 3:
        return images[..., None]
    return _channels_last(images) if _channels_first(images.shape) else images


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


def _labels(arrays: dict[str, Array], name: str, path: Path) -> Array:
    labels = arrays.get(name)
    if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels is None or labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        found = "nothing" if labels is None else f"{labels.dtype} {labels.shape}"
        raise DataError(f"{name} in {path} must be integer labels (N,), not {found}")
    return labels.astype(np.int64)
