"""Data opened as they were read before, so that how they are read is said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lt_prune.choices import AUTO, WHOLE
from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.data.spec import Spec, parse_spec
from lt_prune.engine import in_workers
from lt_prune.errors import ForeignFileError, LtPruneError, UnknownNameError
from lt_prune.planning.paths import find_subset, say_passed_over, subset_of
from lt_prune.steps.build import Data, open_index, open_set
from lt_prune.store.files import read_scores, read_subset
from lt_prune.store.hdf5 import said_of
from lt_prune.store.leftovers import scratch_folder
from lt_prune.store.mapped import in_file
from lt_prune.types import LongTailedSet, SampleIndex, Subset


@contextmanager
def opened_once(data: Data, reading: Reading | None, compute: Compute, n_runs: int) -> Iterator[LongTailedSet]:
    """The set that `data` names, to train so many networks on. Where that is done by worker processes, its images lie in a
    file that they map while the context lasts, and this process holds no copy of its own; a set that is given is the
    caller's, and stays as it is."""
    opened = open_set(data, reading=reading)
    if isinstance(data, LongTailedSet) or opened.streamed or not in_workers(compute, n_runs):
        yield opened
        return
    with scratch_folder() as folder:
        train, test = (in_file(getattr(opened, name), folder / f"{name}.npy") for name in ("pixels", "test_pixels"))
        opened = replace(opened, pixels=train, test_pixels=test)
        yield opened


def open_like(data: Data, reading: Reading | None, source: str | None, kept: Mapping[str, Any]) -> LongTailedSet:
    """The set that `data` names; what `reading` leaves at its default is as it was before, for data of the same kind.

    Args:
        source: what was read then.
        kept: how, see `lt_prune.Reading.kept`.
    """
    return open_set(data, reading=_reading_like(data, reading, source, kept))


def index_like(data: Data, reading: Reading | None, source: str | None, kept: Mapping[str, Any]) -> SampleIndex:
    """Which samples are in the set that `open_like` gives."""
    return open_index(data, reading=_reading_like(data, reading, source, kept))


def _reading_like(data: Data, reading: Reading | None, source: str | None, kept: Mapping[str, Any]) -> Reading | None:
    if isinstance(data, LongTailedSet) or _kind(str(data)) is None or source is None or _kind(str(data)) != _kind(source):
        return reading
    return (reading or Reading()).like(kept)


def open_with_subset(
    data: Data, reading: Reading | None, subset: Subset | Path | str | None
) -> tuple[LongTailedSet, Path | None, Subset | None]:
    """The data, read as they were for the subset, and the file of the subset, if any, and the subset itself; "auto" is the
    one that `find_subset` finds, and None and "none" are none.

    Raises:
        ArgumentError: there are several for "auto", or it is no subset.
        LtPruneError: as `open_set` does.
    """
    if subset is None or (isinstance(subset, str) and subset == WHOLE):
        return open_set(data, reading=reading), None, None
    if isinstance(subset, str) and subset == AUTO:
        lt_set = open_as_before(data, reading)
        file = find_subset(lt_set.index)
        return lt_set, file, subset_of(file) if file else None
    chosen = subset_of(subset)
    lt_set = open_like(data, reading, chosen.index.source, chosen.index.reading)
    return lt_set, None if isinstance(subset, Subset) else Path(subset), chosen


def open_as_before(data: Data, reading: Reading | None) -> LongTailedSet:
    """The set that is named, read as it was for scores and subsets where those say how.

    Raises:
        LtPruneError: as `open_set` does.
    """
    before = None if isinstance(data, LongTailedSet) else read_before(data)
    return open_like(data, reading, str(data), before.reading) if before else open_set(data, reading=reading)


def read_before(data: Data) -> SampleIndex | None:
    """The samples that scores or subsets below scores/ and subsets/ were made of from what `data` names; None where there
    are none, or where several were read in different ways."""
    made = [index for index in _indices(str(data)) if _same_source(index.source, str(data))]
    return made[0] if made and all(index.reading == made[0].reading for index in made) else None


def _same_source(one: str, other: str) -> bool:
    """Whether two texts name the same source, however they spell its place: photos, ./photos/ and folder:photos."""
    return one == other or ((spec := _resolved(one)) is not None and spec == _resolved(other))


def _resolved(data: str) -> Spec | None:
    """What is named, with the place of its files in full; None for a set file and for what is not there."""
    try:
        spec = None if data.endswith(".h5") else parse_spec(data)
    except LtPruneError:
        return None
    return spec and replace(spec, path=spec.path and spec.path.resolve())


def _indices(data: str) -> Iterator[SampleIndex]:
    """Of scores and subsets, but for those that say that they are of another source than `data`."""
    strays = []
    for folder, read in (("scores", read_scores), ("subsets", read_subset)):
        for file in sorted(Path(folder).glob("*.h5")):
            if not _same_source(str(said_of(file).get("source", data)), data):
                continue
            try:
                yield read(file).index
            except ForeignFileError:
                strays += [file] if folder == "scores" else []  # of subsets, whoever looks for one says so
            except (LtPruneError, OSError):  # whoever needs that file says so
                continue
    say_passed_over(strays, "score file")


def _kind(data: str) -> str | None:
    """The source of what is named; None for a set file."""
    if data.endswith(".h5"):
        return None
    try:
        return parse_spec(data).source
    except UnknownNameError:  # a folder or an archive by its place alone, as seen from elsewhere
        return "npz" if data.endswith(".npz") else "folder"
