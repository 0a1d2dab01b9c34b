"""Embeddings that another network has made, such as CLIP's or DINO's: an .npz archive, or a folder of .npy files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.arrays import arrays_of, class_names_of, labels_of, mapped_arrays
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import Array


def features(request: Request) -> Source:
    """Read embeddings, floats (N, D), and integer labels (N,); those of a folder are mapped, not read.

    x_test and y_test may be left out of a set that is only scored and pruned.

    Raises:
        ArgumentError: no path was given.
        DataError: there are no such arrays.
    """
    if request.path is None:
        raise ArgumentError("the features source needs a path: --data features:PATH")
    request.refuse_file_options("features")
    path = request.path
    arrays = mapped_arrays(path) if path.is_dir() else arrays_of(path)
    train, labels = _embeddings(arrays, "x_train", path), labels_of(arrays, "y_train", path)
    test, test_labels = train[:0], labels[:0].copy()
    if "x_test" in arrays or "y_test" in arrays:
        test, test_labels = _embeddings(arrays, "x_test", path), labels_of(arrays, "y_test", path)
    class_names = class_names_of(arrays, labels, path, "sample")
    return Source(
        pixels=train, labels=labels, test_pixels=test, test_labels=test_labels, class_names=class_names, flip=False
    )


def _embeddings(arrays: dict[str, Array], name: str, path: Path) -> Array:
    given = arrays.get(name)
    if given is None or given.ndim != 2 or not np.issubdtype(given.dtype, np.floating):
        found = "nothing" if given is None else f"{given.dtype} {given.shape}"
        images = given is not None and given.ndim in (3, 4) and given.dtype == np.uint8 and path.is_file()
        meant = f"; images are read by --data npz:{path}" if images else ""
        raise DataError(f"{name} in {path} must be embeddings, floats (N, D), not {found}{meant}")
    if not given.shape[1]:
        raise DataError(f"{name} in {path} has embeddings of no number: they must be (N, D)")
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite then, which is refused as such
        return given.astype(np.float32, copy=False)
