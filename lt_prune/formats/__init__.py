"""What other programs read and write: a format a file, read as a table of columns, or written of a subset.

A table has the columns of its file by name, arrays of N; `UNNAMED` is that of a file of plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lt_prune.errors import ArgumentError
from lt_prune.formats import cleanlab, csv, fiftyone, ids, json, npy, npz, parquet, path_label, pickle, torch, txt, weights
from lt_prune.formats.listed import Listed
from lt_prune.formats.table import UNNAMED, Table

__all__ = ["READERS", "UNNAMED", "WRITERS", "Listed", "Table", "Writer", "read_table"]


@dataclass(frozen=True)
class Writer:
    """How a subset is written as one file."""

    write: Callable[[Listed], bytes]
    ending: str
    """Of the file's name."""
    of_all: bool = False
    """Whether it tells of every sample whether it was kept, instead of naming some."""
    places: bool = True
    """Whether it has places in an order, which another loader may have of its own."""
    scores: bool = False
    """Whether it takes scores."""


WRITERS = {
    "npy": Writer(npy.written, ".npy"),
    "txt": Writer(txt.written, ".txt"),
    "csv": Writer(csv.written, ".csv", of_all=True, scores=True),
    "json": Writer(json.written, ".json", of_all=True, scores=True),
    "parquet": Writer(parquet.written, ".parquet", of_all=True, scores=True),
    "ids": Writer(ids.written, ".txt", places=False),
    "list": Writer(path_label.written, ".txt", places=False),
    "weights": Writer(weights.written, ".npy"),
    "fiftyone": Writer(fiftyone.written, ".csv", of_all=True, places=False),
    "cleanlab": Writer(cleanlab.written, ".csv", of_all=True, places=False, scores=True),
}
"""By the name of the format."""

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
