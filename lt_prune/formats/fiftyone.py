"""Tags for FiftyOne: a csv file as its `CSVDataset` is read, `filepath` below `data_path`."""

from __future__ import annotations

from lt_prune.formats.listed import Listed
from lt_prune.store.rows import as_csv


def written(listed: Listed) -> bytes:
    """A row for each sample of the set: its path below the root of the source, the tag kept or removed, and its class.

    Raises:
        ArgumentError: the source has no files.
    """
    listed.files("fiftyone")
    rows = [(row["file"], "kept" if row["kept"] else "removed", row["class"]) for row in listed.table()]
    return as_csv([dict(zip(("filepath", "tags", "class"), row)) for row in rows])
