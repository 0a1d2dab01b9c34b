"""Tables of Parquet, by pyarrow, which is an extra."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from lt_prune.errors import ArgumentError
from lt_prune.formats.listed import Listed
from lt_prune.formats.table import Table, columns_of, reading


def read(path: Path) -> Table:
    """Its columns of numbers and of text.

    Raises:
        ArgumentError: pyarrow is not installed.
        DataError: it is no such file.
    """
    parquet = _library(str(path))
    with reading(path, "a readable parquet file"):
        return columns_of(parquet.read_table(path).to_pydict())


def written(listed: Listed) -> bytes:
    """A row for each sample: its keys, its class, whether it was kept, and its scores.

    Raises:
        ArgumentError: pyarrow is not installed.
    """
    parquet = _library("a parquet file")
    import pyarrow

    rows, memory = listed.table(), io.BytesIO()
    parquet.write_table(pyarrow.table({name: [row[name] for row in rows] for name in rows[0]}), memory)
    return memory.getvalue()


def _library(what: str) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise ArgumentError(
            f"{what} needs pyarrow, which is not installed: pip install 'lt-prune[pyarrow]', or use csv"
        ) from None
    return pyarrow.parquet
