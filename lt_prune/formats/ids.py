"""Ids, one a line: what a sample is known by, whatever its file is called."""

from __future__ import annotations

from lt_prune.formats.listed import Listed, in_lines
from lt_prune.types import hex_id


def written(listed: Listed) -> bytes:
    """16 hexadecimal digits each, in the order of the source."""
    return in_lines([hex_id(listed.subset.index.ids[row]) for row in listed.rows_of(listed.chosen)])
