"""What is used of pyarrow to read a table, which is not installed where tests run; files are of JSON, columns by name."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np


class Column:
    """A `ChunkedArray`, whose type is what NumPy calls its kind."""

    def __init__(self, values: list) -> None:
        self.values, self.type = values, np.array(values).dtype.kind

    def to_pylist(self) -> list:
        return self.values

    def to_numpy(self) -> np.ndarray:
        return np.array(self.values)


class Table:
    """A `Table`."""

    def __init__(self, path: str | Path) -> None:
        self.columns = json.loads(Path(path).read_text())

    @property
    def column_names(self) -> list[str]:
        return list(self.columns)

    def column(self, name: str) -> Column:
        return Column(self.columns[name])


def modules() -> dict[str, ModuleType]:
    """The package and its parts, by name."""
    package, parquet, types = (ModuleType(f"pyarrow{part}") for part in ("", ".parquet", ".types"))
    package.parquet, package.types, parquet.read_table = parquet, types, Table
    kinds = {"is_integer": "iu", "is_floating": "f", "is_boolean": "b", "is_string": "U"}
    for name in ("is_dictionary", "is_decimal", "is_large_string", *kinds):
        setattr(types, name, partial(_is_of, those=kinds.get(name, "")))
    return {module.__name__: module for module in (package, parquet, types)}


def _is_of(kind: str, those: str) -> bool:
    return bool(those) and kind in those
