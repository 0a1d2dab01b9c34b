"""Scores made elsewhere -> scores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError, DataError
from lt_prune.formats import UNNAMED, Table, read_table
from lt_prune.given import expect, known_keywords
from lt_prune.metrics import METRICS, asked_for
from lt_prune.planning.tables import NO_SCORES, join, say_unchecked
from lt_prune.steps.build import Data, open_index
from lt_prune.store.files import write_scores
from lt_prune.types import Array, MetricScores, Origin, SampleIndex, ScoreSet


@known_keywords
def import_scores(
    scores: Path | str | Mapping[str, Any] | Sequence[float] | Array,
    data: Data | SampleIndex = "digits",
    *,
    metric: str | Sequence[str] | None = None,
    column: str | None = None,
    higher_is_harder: bool | None = None,
    match: str = "ids",
    made_by: str = "",
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
) -> ScoreSet:
    """Scores that others have made, a number a sample, as a `ScoreSet` that says so: it has no members, recipe or seconds.

    Args:
        scores: a file (.npy, .npz, .csv, .json, .parquet, or .pt of tensors), or columns by name, or an array (N,) in the
            order of the source's training split. Columns called id, file or source_index say which sample a row is of, those
            called label, target or class are compared with the set's.
        data: a set, its index, a set file, or a source name.
        metric: what the scores are called from now on, or several; by default as their column is.
        column: the column of one metric, where it is called otherwise; by default the only one with scores.
        higher_is_harder: whether a higher score means a harder sample; known of the metrics of this package.
        match: "ids", or "names" to join by file name where there are ids, too.
        made_by: who or what made them, in words.
        reading: as for `build`.
        out: score file to write.
        overwrite: replace what `out` holds.

    Raises:
        ArgumentError: a name or a direction is missing, or is another than a metric of this name has.
        DataError: the file cannot be read, or numbers are not finite.
        MismatchError: samples are missing, unknown, or of other classes; or `out` holds something else.

    Warns:
        UserWarning: nothing but their number tells that they are of these data.

    Example:
        >>> import lt_prune as lp, numpy as np
        >>> data = lp.build("digits")
        >>> table = {"id": data.index.ids, "brightness": data.pixels.mean(axis=(1, 2, 3))}
        >>> scores = lp.import_scores(table, data, higher_is_harder=False, made_by="hand")
        >>> lp.prune(data, scores=scores, ratio=0.45).options["metric"]
        'brightness'
    """
    table, origin = _table_of(scores, made_by)
    columns = _columns(table, metric, column, origin.file)
    index = data if isinstance(data, SampleIndex) else open_index(data, reading=reading)
    joined = join(table, len(next(iter(table.values()))), index, origin.file, match)
    say_unchecked(joined, origin.file)
    metrics = {
        name: MetricScores(
            per_member=numbers_of(table[source], joined.rows, f"{source or name} in {origin.file}", index)[None],
            higher_is_harder=direction_of(name, higher_is_harder),
            equation=f"{f'column {source}' if source else 'the numbers'} of {origin.file}",
        )
        for name, source in columns.items()
    }
    found = ScoreSet.made_elsewhere(index, metrics, origin)
    if out:
        write_scores(out, found, overwrite=overwrite)
    return found


def origin_of(given: object, table: Mapping[str, Array], made_by: str) -> Origin:
    """Where something is from that was given as a file, as columns by name, or as one array.

    Raises:
        ArgumentError: who made it is not said in words.
    """
    expect("made_by", made_by, str, "words")
    if not made_by.isprintable():
        raise ArgumentError(f"made_by must be words in one line, not {made_by!r}")
    if isinstance(given, (str, Path)):
        path = Path(given)
        name = path.name if path.name.isprintable() else ascii(path.name)[1:-1]
        return Origin(file=name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), made_by=made_by)
    digest = hashlib.sha256()
    for name, values in table.items():
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return Origin(file="a table" if hasattr(given, "keys") else "an array", sha256=digest.hexdigest(), made_by=made_by)


def _table_of(scores: object, made_by: str) -> tuple[Table, Origin]:
    """The columns that have a row a sample, and where they are from."""
    if isinstance(scores, (str, Path)):
        table = read_table(Path(scores))
    else:
        is_table = hasattr(scores, "keys") and getattr(scores, "ndim", 2) == 2  # a column of pandas has keys, too
        given: Any = scores if is_table else {UNNAMED: scores}
        table = {str(name): np.asarray(given[name]) for name in given.keys()}  # noqa: SIM118 (a data frame has keys, too)
    origin = origin_of(scores, table, made_by)
    flat = {name: values for name, values in table.items() if values.ndim == 1}
    n_rows = max(map(len, flat.values()), default=0)
    if not n_rows:
        raise DataError(f"{origin.file} must have a number a sample, (N,), and has none: give an array, or columns by name")
    return {name: values for name, values in flat.items() if len(values) == n_rows}, origin


def _columns(table: Table, metric: str | Sequence[str] | None, column: str | None, what: str) -> dict[str, str]:
    """The column of each metric, by what it is called from now on."""
    if column is not None and column not in table:
        raise ArgumentError(f"{what} has no column {column!r}: there are {', '.join(table)}")
    asked = asked_for(metric)
    if column is not None and len(asked) > 1:
        raise ArgumentError(f"a column is of one metric, and {', '.join(asked)} are several: leave out --column")
    there = [column] if column is not None else [name for name in table if name not in NO_SCORES and _is_score(table[name])]
    if not asked:
        asked = [_only(there, what)]
        if not asked[0]:
            raise ArgumentError(f"{what} has numbers without a name: say what they are called by --metric")
    for name in asked:
        _check_name(name)
    return {name: name if name in table and column is None else _only(there, what) for name in asked}


def _only(there: Sequence[str], what: str) -> str:
    """The only column with scores."""
    if len(there) != 1:
        found = f"several columns with scores, {', '.join(there)}" if there else "no column with scores"
        raise ArgumentError(f"{what} has {found}: name one by --metric, or by --column what it is called there")
    return there[0]


def _is_score(column: Array) -> bool:
    """Whether it has a number in each row, and not only yes or no."""
    if column.dtype.kind in "US":
        try:
            column = column.astype(np.float64)
        except ValueError:
            return False
    return column.dtype.kind in "iuf"


def _check_name(name: str) -> None:
    """Refuse a name that files cannot be called by, or that a column of tables has which is no score."""
    unfit = "tables have a column of that name that is no score" if name in NO_SCORES else METRICS.unfit(name)
    if name not in METRICS.names and unfit:
        raise ArgumentError(f"scores cannot be called {name!r}, as {unfit}: give them another name by --metric")


def direction_of(name: str, higher_is_harder: bool | None) -> bool:
    """Whether a higher score means a harder sample: as a metric of ours has it, or as is said.

    Raises:
        ArgumentError: it is not said, or said otherwise.
    """
    known = METRICS.load(name).higher_is_harder if name in METRICS.names else None
    if known is None and higher_is_harder is None:
        raise ArgumentError(f"which end of {name!r} is hard is not known: say --higher-is-harder or --lower-is-harder")
    if known is not None and higher_is_harder is not None and known != higher_is_harder:
        end = "higher" if known else "lower"
        raise ArgumentError(f"of the metric {name!r} {end} is harder: give scores that count otherwise another name")
    return bool(higher_is_harder if known is None else known)


def numbers_of(column: Array, rows: Array, what: str, index: SampleIndex) -> Array:
    """The finite numbers of a column, in the order of the set: float32 (N,), or float64 where some that differ would be the
    same in it.

    Raises:
        DataError: some are none, or even float64 cannot tell two that differ.
    """
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite then, which is refused as such
            exact: Array = column[rows].astype(np.float64)
            found: Array = exact.astype(np.float32)
    except (TypeError, ValueError):
        bad = next((value for value in column.tolist() if not _is_score(np.array([value]))), "other things")
        raise DataError(f"{what} must be numbers, and has {bad!r}: give a finite number a sample") from None
    if (wrong := np.flatnonzero(~np.isfinite(found))).size:
        which = index.file_names[wrong[0]] if index.file_names else f"source_index {index.source_index[wrong[0]]}"
        raise DataError(
            f"{what} has {len(wrong):,} of {len(found):,} numbers that are not finite, such as that of {which}: give a "
            f"finite number a sample"
        )
    if column.dtype.kind in "iu" and _n_different(exact) < _n_different(column[rows]):
        raise DataError(
            f"{what} has whole numbers above 2^53, which are too near to be told apart: give their ranks instead"
        )
    return found if _n_different(found) == _n_different(exact) else exact


def _n_different(numbers: Array) -> int:
    return len(np.unique(numbers))
