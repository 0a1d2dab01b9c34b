"""Pictures, and the values they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lt_prune.store.output import put
from lt_prune.store.rows import as_csv


def write_picture(
    stem: Path | str, as_format: Callable[[str], bytes], rows: Sequence[dict[str, Any]] = (), overwrite: bool = False
) -> tuple[str, ...]:
    """Write a picture as STEM.png and STEM.pdf, and the rows drawn, if any, as STEM.csv; returns the names
    of the files.

    Raises:
        MismatchError: one of them holds something else that is not to be replaced; none is written then.
    """
    files = {Path(f"{stem}.{format}"): as_format(format) for format in ("png", "pdf")}
    files |= {Path(f"{stem}.csv"): as_csv(rows)} if rows else {}
    put(files, overwrite)
    return tuple(map(str, files))
