"""File names, one a line, or places in the source where there are none."""

from __future__ import annotations

from lt_prune.formats.listed import Listed, in_lines


def written(listed: Listed) -> bytes:
    """In the order of the source.

    Raises:
        ArgumentError: a name has a line break.
    """
    if listed.subset.index.file_names is None:
        return in_lines([str(place) for place in listed.places[listed.rows_of(listed.chosen)]])
    return in_lines(listed.files("txt"))
