"""Rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows of the same columns, at least one; None is an empty cell."""
    memory = io.StringIO()
    writer = csv.DictWriter(memory, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return memory.getvalue().encode()
