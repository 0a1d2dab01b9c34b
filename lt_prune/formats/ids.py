"""Ids, one a line: what a sample is known by, whatever its file is called."""

from __future__ import annotations

from lt_prune.formats.listed import Listed, in_lines


def written(listed: Listed) -> bytes:
    """16 hexadecimal digits each, in the order of the source."""
    return in_lines([f"{listed.subset.index.ids[row]:016x}" for row in listed.rows_of(listed.chosen)])
