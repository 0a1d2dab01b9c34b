"""What other programs read and write: a format a file, read as a table of columns, or written of a subset.

A table has the columns of its file by name, arrays of N; `UNNAMED` is that of a file of plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lt_prune.errors import ArgumentError
from lt_prune.formats import csv, json, npy, npz, parquet, pickle, torch
from lt_prune.formats.table import UNNAMED, Table

__all__ = ["READERS", "UNNAMED", "Table", "read_table"]

READERS: dict[str, Callable[[Path], Table]] = {
    ".npy": npy.read,
    ".npz": npz.read,
    ".csv": csv.read,
    ".json": json.read,
    ".parquet": parquet.read,
    **dict.fromkeys((".pt", ".pth", ".ckpt"), torch.read),
    **dict.fromkeys((".pickle", ".pkl"), pickle.read),
}
"""By the ending of a file."""


def read_table(path: Path) -> Table:
    """The columns of a file.

    Raises:
        ArgumentError: its ending is that of no format that is read, or a library is missing.
        DataError: it is missing, damaged, or of another format.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise ArgumentError(f"{path} ends in no format that is read: there are {', '.join(READERS)}")
    return read(path)
