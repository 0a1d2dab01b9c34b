"""What all readers of tables share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.errors import DataError
from lt_prune.types import Array

Table = Mapping[str, Array]
UNNAMED = ""
"""The column of a file that holds plain numbers."""


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Errors of a reader, whatever their kind, as one sentence; `what` is what the file should be."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: name a file that does") from None
    except Exception as error:  # readers raise many kinds on what is damaged
        why = "" if "pickle" in str(error) else f" ({str(error).partition(chr(10))[0] or type(error).__name__})"
        raise DataError(f"{path} is not {what}{why}") from None


def columns_of(found: Mapping[Any, Any]) -> Table:
    """Those of several values that are lists of numbers or words, one a row."""
    arrays = {str(name): _exactly(value) for name, value in found.items() if not isinstance(value, (str, Mapping))}
    return {name: array for name, array in arrays.items() if array.ndim == 1 and array.dtype.kind in "biufUS"}


def rows_of(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows of the same columns, as columns; what a row lacks is "", which is no number."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: column_of([row.get(name) for row in rows]) for name in names}


def column_of(cells: Sequence[Any]) -> Array:
    """A column (N,) of numbers or words; None among them is "", which is no number."""
    return _exactly(["" if cell is None else cell for cell in cells])


def _exactly(values: Any) -> Array:
    """As NumPy has it, but for whole numbers on both sides of 2^63, such as ids, of which it makes floats."""
    found = np.asarray(values)
    if found.dtype.kind == "f" and isinstance(values, (list, tuple)) and {*map(type, values)} == {int}:
        return np.asarray(values, dtype=np.uint64)
    return found
