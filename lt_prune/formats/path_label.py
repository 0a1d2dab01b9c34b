"""`path label` a line, as the code of long-tailed recognition reads its lists (ImageNet_LT_train.txt and others)."""

from __future__ import annotations

from lt_prune.errors import ArgumentError
from lt_prune.formats.listed import Listed, in_lines


def written(listed: Listed) -> bytes:
    """Paths below the root of the source, in its order; the code that reads them splits each line at spaces.

    Raises:
        ArgumentError: the source has no files, or a name has a space.
    """
    names = listed.files("list")
    if spaced := next((name for name in names if name.split() != [name]), None):
        raise ArgumentError(f"who reads path-label lists splits them at spaces, and {spaced!a} has one: export csv")
    labels = listed.subset.index.labels[listed.rows_of(listed.chosen)]
    return in_lines([f"{name} {label}" for name, label in zip(names, labels)])
