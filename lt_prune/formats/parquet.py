"""Tables of Parquet, by pyarrow, which is an extra."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from lt_prune.errors import ArgumentError
from lt_prune.formats.listed import Listed
from lt_prune.formats.table import Table, column_of, reading
from lt_prune.types import Array

_OF_PANDAS = r"__index_level_\d+__"
"""What pandas calls the row labels of a frame that have no name of their own; they say nothing of samples."""


def read(path: Path) -> Table:
    """Its columns of numbers, in their own type, and of text; of what a row lacks, a number is not finite and a text is "".

    Raises:
        ArgumentError: pyarrow is not installed.
        DataError: it is no such file.
    """
    parquet = _library(str(path))
    with reading(path, "a readable parquet file"):
        table = parquet.read_table(path)
        found = {name: _as_array(table.column(name)) for name in table.column_names if not re.fullmatch(_OF_PANDAS, name)}
    return {name: array for name, array in found.items() if array is not None}


def _as_array(column: Any) -> Array | None:
    """Numbers or text (N,); None of dates, lists and whatever else a column may be of."""
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if types.is_decimal(kind):
        return column.cast("float64").to_numpy()  # type: ignore[no-any-return]
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        found: Array = column.to_numpy()
        return found if found.dtype.kind in "biuf" else column_of(column.to_pylist())
    is_text = types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view"
    return column_of(column.to_pylist()) if is_text else None


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
