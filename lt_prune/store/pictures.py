"""Pictures, and the values they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lt_prune.store.atomic import write_bytes
from lt_prune.store.rows import write_csv


def write_picture(
    stem: Path | str, as_format: Callable[[str], bytes], rows: Sequence[dict[str, Any]] = ()
) -> tuple[str, ...]:
    """Write a picture as STEM.png and STEM.pdf, and the rows drawn, if any, as STEM.csv; returns the names of the files."""
    images = {Path(f"{stem}.{format}"): as_format(format) for format in ("png", "pdf")}
    for file, content in images.items():
        write_bytes(file, content)
    tables = [Path(f"{stem}.csv")] if rows else []
    for table in tables:
        write_csv(table, rows)
    return tuple(str(file) for file in (*images, *tables))
