"""One array of NumPy: a number a sample, as data_diet keeps scores; or places in the source."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from lt_prune.errors import DataError
from lt_prune.formats.listed import Listed
from lt_prune.formats.table import UNNAMED, Table, reading
from lt_prune.types import Array


def read(path: Path) -> Table:
    """Numbers (N,) in the order of whoever made them; nothing is unpickled.

    Raises:
        DataError: it is no such array.
    """
    with reading(path, "a readable .npy file of plain numbers"):
        array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        found = getattr(array, "shape", "an archive")
        raise DataError(f"{path} must hold a number a sample, (N,), not {found}: save their mean, or a table with columns")
    return {UNNAMED: array}


def written(listed: Listed) -> bytes:
    """int64: the places of the samples, ascending."""
    return as_npy(listed.places[listed.rows_of(listed.chosen)])


def as_npy(array: Array) -> bytes:
    """The bytes of a file of it."""
    memory = io.BytesIO()
    np.save(memory, array)
    return memory.getvalue()
