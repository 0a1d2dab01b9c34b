"""The schema number of each kind of file, which grows where an older version could not read the file or would misread it.

A new field with a default needs no new number: files without it mean the default.
"""

from __future__ import annotations

from pathlib import Path

from lt_prune.errors import FileError
from lt_prune.given import expect_whole

SCHEMAS = {
    "set": 2,  # 1: other names of arrays and attributes
    "scores": 4,  # 1: all members were computed alike; 2: other names of arrays and attributes; 3: all had members
    "subset": 2,  # 1: other names of arrays
    "weights": 2,  # 1: the identity was a text
    "result": 4,  # 1: the fields of the spec stood among others; 2: no seal, the confusion matrix whole; 3: no calibration
    "failure": 3,  # 2: no seal
    "sweep": 3,
    "comparison": 4,  # 3: no seal
    "export": 3,  # 2: no seal
}
"""By kind; files without a number are of schema 1."""
SEALED_FROM = 3
"""The schema number from which results, failures and sweeps are sealed."""


def check_schema(path: Path | str, kind: str, schema: int) -> None:
    """Refuse a file that a later version wrote.

    Raises:
        FileError: its schema number is above ours.
        ArgumentError: it is no number.
    """
    expect_whole("schema", schema)
    if schema > SCHEMAS[kind]:
        raise FileError(
            f"{path} was written by a newer lt-prune (schema {schema}, this one reads up to {SCHEMAS[kind]}): "
            f"update lt-prune"
        )
