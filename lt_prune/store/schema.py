"""The schema number of each kind of file, which grows where an older version could not read the file or would misread it.

A new field with a default needs no new number: files without it mean the default.
"""

from __future__ import annotations

from pathlib import Path

from lt_prune.errors import FileError

SCHEMAS = {
    "set": 2,  # 1: other names of arrays and attributes
    "scores": 3,  # 1: all members were computed alike; 2: other names of arrays and attributes
    "subset": 2,  # 1: other names of arrays
    "weights": 2,  # 1: the identity was a text
    "result": 2,  # 1: the fields of the spec stood among the others
    "failure": 2,
    "sweep": 2,
    "comparison": 3,
    "export": 2,
}
"""By kind; files without a number are of schema 1."""


def check_schema(path: Path | str, kind: str, schema: int) -> None:
    """Refuse a file that a later version wrote.

    Raises:
        FileError: its schema number is above ours.
    """
    if schema > SCHEMAS[kind]:
        raise FileError(
            f"{path} was written by a newer lt-prune (schema {schema}, this one reads up to {SCHEMAS[kind]}): "
            f"update lt-prune"
        )
