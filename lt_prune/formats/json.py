"""JSON: rows, columns, numbers alone, or a number by file name; and our own exports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.errors import DataError
from lt_prune.formats.listed import Listed
from lt_prune.formats.table import UNNAMED, Table, columns_of, reading, rows_of
from lt_prune.store.sealed_json import sealed


def read(path: Path) -> Table:
    """A list of rows or of numbers; or an object of columns, of numbers by file name, or with rows as its `samples`.

    Raises:
        DataError: it is none of these.
    """
    with reading(path, "a readable JSON file"):
        content = json.loads(path.read_text(encoding="utf-8"))
        found = _table(content)
    if not found or not all(len(column) for column in found.values()):
        raise DataError(f"{path} must be a list of rows or numbers, or an object of columns or of numbers by file name")
    return found


def _table(content: Any) -> Table:
    if isinstance(content, dict) and isinstance(content.get("samples"), list):
        content = content["samples"]
    if isinstance(content, dict) and all(map(_is_number, content.values())):
        return {"file": np.array(list(content)), UNNAMED: np.array(list(content.values()))}
    if isinstance(content, dict):
        return columns_of({name: value for name, value in content.items() if isinstance(value, list)})
    if isinstance(content, list) and all(map(_is_number, content)):
        return {UNNAMED: np.array(content)}
    rows = isinstance(content, list) and all(isinstance(row, Mapping) for row in content)
    return rows_of(content) if rows else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def written(listed: Listed) -> bytes:
    """Everything: how the subset was chosen, the places of what is kept and removed, and a row for each sample."""
    subset = listed.subset
    head: Mapping[str, Any] = {
        "data": subset.index.name,
        "source": subset.index.source,
        "order": listed.order,
        "strategy": subset.strategy,
        "ratio_removed": subset.ratio,
        "options": dict(subset.options),
        "n_kept": int(subset.kept.sum()),
        "n_removed": int((~subset.kept).sum()),
    }
    masks = {"kept": subset.kept, "removed": ~subset.kept}
    places = {name: listed.places[listed.rows_of(mask)].tolist() for name, mask in masks.items()}
    return sealed("export", {**head, **places, "samples": listed.table()})
