"""What there is of one set below some places: the set itself, scores, subsets and runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError, FileError, ForeignFileError, LtPruneError, MismatchError
from lt_prune.given import expect_path
from lt_prune.planning.paths import say_passed_over
from lt_prune.planning.published_scores import published_that_chose
from lt_prune.runs import PlannedRun
from lt_prune.steps.build import Data
from lt_prune.steps.opening import open_as_before, open_like
from lt_prune.steps.results import listed_runs, state_of
from lt_prune.store.files import read_scores, read_set, read_subset
from lt_prune.store.hdf5 import said_of
from lt_prune.types import LongTailedSet, SampleIndex, ScoreSet, Subset

USUAL = ("sets", "scores", "subsets", "runs")
"""Folders that commands write below."""
_FORMATS = {f"lt-prune {kind}": kind for kind in ("set", "scores", "subset")}
"""What a file of ours says of itself, and which kind it then is."""


@dataclass(frozen=True, eq=False)
class Found:
    """Everything of one set."""

    index: SampleIndex
    data: LongTailedSet | None
    """None where its pictures are nowhere to be found."""
    scores: dict[str, ScoreSet]
    """By their file; where there is none, those published that chose a subset."""
    subsets: dict[str, Subset]
    runs: list[PlannedRun]


def find(places: Sequence[Path | str], data: Data | None, reading: Reading | None) -> Found:
    """What there is of one set.

    Args:
        places: files and folders; by default those of `USUAL` that are there.
        data: the set; by default the one that all of this is of.

    Raises:
        FileError: a place does not exist, a file is damaged, or there is nothing.
        ArgumentError: these are files of several sets, and nothing says which is meant.
        MismatchError: a file that is named itself is of another set than `data`.

    Warns:
        UserWarning: files of other sets or programs are passed over, or the pictures are nowhere to be found.
    """
    for place in places:
        expect_path("a place of files", place)
    given = open_as_before(data, reading) if data is not None else None
    listed = _listed([Path(place) for place in places] or [Path(name) for name in USUAL if Path(name).exists()])
    if given is None and not listed.files and not listed.runs:
        where = ", ".join(map(str, places)) or ", ".join(f"{name}/" for name in USUAL)
        raise FileError(f"there is nothing to tell of in {where}: name files that other commands wrote, or --data")
    digest = given.index.digest if given else listed.digest()
    own = listed.of(digest)
    scores = {str(file): read_scores(file) for file in own.files if own.files[file][0] == "scores"}
    subsets = {str(file): read_subset(file) for file in own.files if own.files[file][0] == "subset"}
    if not scores:
        chose = [each for each in map(published_that_chose, subsets.values()) if each]
        scores = {f"{each.index.name}.h5 (published)": each for each in chose}
    known = [*(each.index for each in scores.values()), *(each.index for each in subsets.values())]
    opened = given or _opened(own, known, reading)
    if opened is None and not known:
        raise FileError("nothing here says which samples the runs were trained on: name them with --data")
    index = opened.index if opened else known[0]
    return Found(index, opened, scores, subsets, own.runs)


@dataclass(frozen=True, eq=False)
class _Listed:
    """Files of ours with their kind and the digest of their set, and runs."""

    files: dict[Path, tuple[str, str]]
    runs: list[PlannedRun]
    named: set[Path] = field(default_factory=set)
    """Files that were named themselves."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of sets by their digest."""

    def digest(self) -> str:
        """Of the one set that all are of.

        Raises:
            ArgumentError: there are several.
        """
        found = {digest for _, digest in self.files.values()} | {run.spec.data_digest for run in self.runs}
        if len(found) > 1:
            names = ", ".join(sorted(self.names.get(digest, digest[:8]) for digest in found))
            raise ArgumentError(
                f"these are files of {len(found)} sets ({names}), and one is told of at a time: name the files of one, or "
                f"the set with --data"
            )
        return found.pop()

    def of(self, digest: str) -> _Listed:
        """What is of one set.

        Raises:
            MismatchError: a file that was named itself is not.
        """
        others = [file for file, (_, its) in self.files.items() if its != digest]
        if wrong := [file for file in others if file in self.named]:
            raise MismatchError(f"{wrong[0]} is of another set than the one asked for: leave it out, or name its set")
        runs = [run for run in self.runs if run.spec.data_digest == digest]
        n_others = len(others) + len(self.runs) - len(runs)
        if n_others:
            warnings.warn(f"passed over what is of other sets: {n_others:,} files and runs", stacklevel=4)
        return _Listed({file: kind for file, kind in self.files.items() if kind[1] == digest}, runs)


def _listed(places: Iterable[Path]) -> _Listed:
    files: dict[Path, tuple[str, str]] = {}
    strays: list[Path] = []
    folders: dict[Path, PlannedRun | None] = {}
    found = _Listed(files, [])
    for place in places:
        if not place.exists():
            raise FileError(f"{place} does not exist: name a file that another command wrote, or a folder of such files")
        for file in sorted(place.rglob("*.h5")) if place.is_dir() else [place] if place.suffix != ".json" else []:
            said = said_of(file)
            kind = _FORMATS.get(str(said.get("format")))
            if kind is None:
                _refuse_damaged(file)
                strays.append(file)
                continue
            files[file] = kind, str(said.get("data_digest"))
            found.names[files[file][1]] = str(said.get("name"))
            if file == place:
                found.named.add(file)
        folders |= _runs_of(place)
    if named := [file for file in strays if file in set(places)]:
        raise FileError(f"{named[0]} is no set, scores or subset of ours: name a file that another command wrote")
    say_passed_over(strays, "set, scores or subset")
    found.runs.extend(state_of(folder, planned) for folder, planned in folders.items())
    for run in found.runs:
        found.names.setdefault(run.spec.data_digest, run.name)
    return found


def _refuse_damaged(file: Path) -> None:
    """Refuse what says nothing of itself, and yet is a file of ours.

    Raises:
        FileError: it is damaged.
    """
    with suppress(ForeignFileError, IsADirectoryError):
        read_subset(file)


def _runs_of(place: Path) -> dict[Path, PlannedRun | None]:
    return dict(listed_runs(place)) if place.is_dir() or place.suffix == ".json" else {}


def _opened(own: _Listed, known: Sequence[SampleIndex], reading: Reading | None) -> LongTailedSet | None:
    """The set of these files: one of them, or else its source, if that still gives the same samples."""
    if file := next((file for file, (kind, _) in own.files.items() if kind == "set"), None):
        return read_set(file)
    if not known:
        return _opened_for_runs(own.runs, reading)
    index = known[0]
    try:
        opened = open_like(index.source, reading, index.source, index.reading)
        opened.index.require_same(index, "what is told of")
    except (LtPruneError, OSError) as error:
        warnings.warn(f"the pictures of {index.name} are left out ({error}): name them with --data", stacklevel=4)
        return None
    return opened


def _opened_for_runs(runs: Sequence[PlannedRun], reading: Reading | None) -> LongTailedSet | None:
    """What the first run that says it was given as data, if that still gives the same samples."""
    for run in runs:
        data = getattr(run, "data", None)
        if data is None:
            continue
        try:
            opened = open_like(data, reading, data, getattr(run, "reading", {}))
        except (LtPruneError, OSError):
            continue
        if opened.index.digest == run.spec.data_digest:
            return opened
    return None
