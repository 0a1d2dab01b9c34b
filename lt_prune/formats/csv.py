"""Tables as text, with a line of names first."""

from __future__ import annotations

import csv
from pathlib import Path

from lt_prune.errors import DataError
from lt_prune.formats.listed import Listed
from lt_prune.formats.table import Table, reading, rows_of
from lt_prune.store.rows import as_csv


def read(path: Path) -> Table:
    """Columns of text.

    Raises:
        DataError: it is no text, has no row, or a row of other columns.
    """
    with reading(path, "a readable csv file"), path.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines, restkey="", strict=True)
        rows = list(reader)
        if uneven := next((number for number, row in enumerate(rows, 2) if "" in row or None in row.values()), None):
            raise DataError(f"line {uneven:,} of {path} has another number of cells than the first: repair it")
    if not rows:
        raise DataError(f"{path} has no row below a line of names: give a csv file that has")
    return rows_of(rows)


def written(listed: Listed) -> bytes:
    """A row for each sample: its keys, its class, whether it was kept, and its scores."""
    rows = [{**row, "file": row.get("file"), "kept": int(row["kept"])} for row in listed.table()]
    return as_csv(rows)
