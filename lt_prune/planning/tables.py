"""Tables that others made, joined to the samples of a set: by id, by file name, or by place in the source."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from lt_prune.data.spec import parse_spec
from lt_prune.errors import ArgumentError, DataError, LtPruneError, MismatchError
from lt_prune.types import Array, SampleIndex, hex_id

KEYS = {
    "id": ("id", "ids"),
    "file": ("file", "files", "filepath", "path"),
    "source_index": ("source_index", "index"),
    "label": ("label", "labels", "target", "targets"),
    "class": ("class",),
}
"""What columns are called that say which sample a row is of, and of which class."""
NO_SCORES = {*(name for names in KEYS.values() for name in names), "kept", "rank", "std", "indices", "imagefolder_index"}
"""Columns of others, and of our own exports, that are no scores."""


@dataclass(frozen=True)
class Joined:
    """Which row of a table each sample has."""

    rows: Array
    """int64 (N,)."""
    by: str
    """What they were joined by: "id", "file" or "source_index"."""
    checked: bool
    """Whether anything besides the number of rows tells that they are of these samples."""


def join(columns: Mapping[str, Array], n_rows: int, index: SampleIndex, what: str, match: str = "ids") -> Joined:
    """The row of each sample, which must be there once; classes that a table has must be those of the samples.

    Args:
        columns: of the table; those that say which sample a row is of are looked for by `KEYS`, and where there are none,
            there must be a row for each sample of the source, in its order.
        n_rows: of the table.
        what: names the table in messages.
        match: "names" to join by file names even where there are ids.

    Raises:
        ArgumentError: there are no file names to match by.
        DataError: keys are of another kind, or come twice.
        MismatchError: samples are missing, unknown, or of other classes.
    """
    _check_rows(columns, n_rows, what)
    by, keys = _keys(columns, match, what)
    if by is None:
        _check_length(n_rows, index, what)
        by, keys = "source_index", np.arange(n_rows)
    rows = _rows(_plain(keys, by, index, what), _own(by, index, what), index, what)
    labelled = _check_classes(columns, rows, index, what)
    return Joined(rows, by, labelled or by != "source_index")


def say_unchecked(joined: Joined, what: str) -> None:
    """Warn of a table that may be of other samples, in another order."""
    if not joined.checked:
        warnings.warn(
            f"{what} is joined by place in the source, and names no sample and no class: nothing but its length tells that "
            f"it is of these data, in this order",
            stacklevel=4,
        )


def column_of(columns: Mapping[str, Array], key: str) -> Array | None:
    """The column that bears one of the names of a key."""
    return next((columns[name] for name in KEYS[key] if name in columns), None)


def _check_rows(columns: Mapping[str, Array], n_rows: int, what: str) -> None:
    for key in KEYS:
        if (column := column_of(columns, key)) is not None and column.shape != (n_rows,):
            raise DataError(f"{what} has {n_rows:,} rows and a column {key} of {column.shape}: give it a value a row")


def _keys(columns: Mapping[str, Array], match: str, what: str) -> tuple[str | None, Array]:
    usable = ("file",) if match == "names" else ("id", "file", "source_index")
    for key in usable:
        if (found := column_of(columns, key)) is not None and not _is_empty(found):
            return key, found
    if match == "names":
        raise ArgumentError(f"{what} has no file names to match by: leave out --match names")
    return None, np.arange(0)


def _is_empty(column: Array) -> bool:
    """Whether a column is there in name alone, as that of files is for a source without any."""
    return column.dtype.kind in "US" and not (column != "").any()


def _check_length(n_rows: int, index: SampleIndex, what: str) -> None:
    if n_rows == index.source_size:
        return
    own = f", not even one for each of the {index.n_samples:,} of {index.name}" if n_rows != index.n_samples else ""
    raise MismatchError(
        f"{what} has {n_rows:,} rows that name no sample, and the training split of {index.source} has "
        f"{index.source_size:,}{own}: give a row for each in the order of the source, or a column id, file or source_index"
    )


def _plain(keys: Array, by: str, index: SampleIndex, what: str) -> list[Any]:
    """Keys as they are told from each other."""
    try:
        if by == "id":
            return [int(key, 16) if isinstance(key, str) else int(key) for key in keys.tolist()]
        if by == "source_index":
            return [_whole(key) for key in keys.tolist()]
    except (TypeError, ValueError):
        kind = "sample ids, 16 hexadecimal digits each" if by == "id" else "whole numbers, places in the source"
        raise DataError(f"the column {by} of {what} must be {kind}: name another file, or rename the column") from None
    return _below_root([str(key) for key in keys.tolist()], index)


def _whole(value: Any) -> int:
    whole = int(float(value)) if isinstance(value, str) else int(value)
    if whole != float(value):
        raise ValueError("no whole number")
    return whole


def _below_root(names: Sequence[str], index: SampleIndex) -> list[str]:
    """File names below the source's root, which may be given in full, or below its train/."""
    root, paths = _root(index), [PurePath(name) for name in names]
    below = [path.relative_to(root) if root and path.is_absolute() and path.is_relative_to(root) else path for path in paths]
    plain = [path.as_posix() for path in below]
    known = set(index.file_names or ())
    inner = next((name.partition("/")[0] for name in known), "")
    if not known & set(plain) and all(name.startswith(f"{inner}/") for name in known):
        return [f"{inner}/{name}" for name in plain]
    return plain


def _root(index: SampleIndex) -> PurePath | None:
    """Where a source of files lies, in full."""
    try:
        path = parse_spec(index.source).path
    except LtPruneError:
        return None
    return path.absolute() if path else None


def _own(by: str, index: SampleIndex, what: str) -> list[Any]:
    """The same of the samples of the set."""
    if by == "id":
        return [int(each) for each in index.ids]
    if by == "source_index":
        return [int(place) for place in index.source_index]
    if not index.file_names:
        raise MismatchError(f"{what} names files, and {index.name} has none: give a column id or source_index instead")
    return list(index.file_names)


def _rows(keys: Sequence[Any], own: Sequence[Any], index: SampleIndex, what: str) -> Array:
    """int64 (N,): the row of each sample."""
    place = {key: row for row, key in enumerate(keys)}
    if twice := [key for row, key in enumerate(keys) if place[key] != row]:
        raise DataError(f"{len(twice):,} of {len(keys):,} rows of {what} are of a sample that came before, {_such(twice)}")
    if missing := [key for key in own if key not in place]:
        raise MismatchError(
            f"{what} has no row for {len(missing):,} of the {index.n_samples:,} samples of {index.name}, {_such(missing)}; "
            f"give each sample one, or name the data that it is of"
        )
    _check_unknown(keys, own, index, what)
    return np.array([place[key] for key in own], dtype=np.int64)


def _check_unknown(keys: Sequence[Any], own: Sequence[Any], index: SampleIndex, what: str) -> None:
    """Samples that a set lacks may be those of its source that were cut or held out, and are no others."""
    known = set(own)
    unknown = [key for key in keys if key not in known] if len(keys) > len(own) else []
    if len(unknown) > index.source_size - index.n_samples:
        raise MismatchError(
            f"{len(unknown):,} of {len(keys):,} rows of {what} are of no sample of {index.name}, {_such(unknown)}; leave "
            f"them out, or name the data that it is of"
        )


def _such(keys: Sequence[Any]) -> str:
    first = keys[0]
    return f"such as {hex_id(first)}" if isinstance(first, int) and first >= 2**32 else f"such as {first}"


def _check_classes(columns: Mapping[str, Array], rows: Array, index: SampleIndex, what: str) -> bool:
    """Refuse a table of other classes; False where it names none."""
    given = [column for key in ("label", "class") if (column := column_of(columns, key)) is not None]
    for column in given:
        theirs = column[rows]
        by_name = theirs.dtype.kind in "US" and not _are_numbers(theirs)
        own = np.array(index.class_names)[index.labels] if by_name else index.labels
        wrong = np.flatnonzero((theirs if by_name else theirs.astype(np.float64)) != own)
        if len(wrong):
            raise MismatchError(
                f"{what} has other classes: {len(wrong):,} of {len(own):,} samples, such as one of class "
                f"{theirs[wrong[0]]} that is of {own[wrong[0]]} in {index.name}; it is of other data, or in another order"
            )
    return bool(given)


def _are_numbers(values: Array) -> bool:
    try:
        values.astype(np.float64)
    except ValueError:
        return False
    return True
