"""Where the data and the subset of a run lie, and how they are found again from another folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lt_prune.data.sources.places import lists_of
from lt_prune.runs import Place


def data_file(data: str) -> Path | None:
    """The file or folder in what was named as data; None where that is a source alone."""
    if data.endswith(".h5"):
        return Path(data)
    source, separator, path = data.partition(":")
    named = Path(path if separator else data).expanduser()
    if _is_list(source):
        named, _ = lists_of(named)
    return named if separator or named.exists() else None


def root_of(reading: Mapping[str, Any]) -> Path | None:
    """The folder in which the paths of a list begin, as it was named; None where that is not said."""
    return Path(reading["root"]) if "root" in reading else None


def _is_list(source: str) -> bool:
    """Whether a source, cut or not, is a list of files, of which a place may be two."""
    return source.partition("-")[0] == "list"


def place_of(path: Path | None, folder: Path | None) -> Place | None:
    """The place of a path, for a run in `folder`; None where one of the two is missing."""
    if path is None or folder is None:
        return None
    absolute = path.expanduser().absolute()
    return Place(absolute=str(absolute), relative=os.path.relpath(absolute, folder.absolute()))


def found(place: Place, folder: Path) -> Path | None:
    """What lies at a place, for a run that is in `folder` now: where it was, or else where it is as seen from the run."""
    candidates = Path(place.absolute), Path(os.path.normpath(folder.absolute() / place.relative))
    return next((path for path in candidates if path.exists()), None)


def data_again(data: str, place: Place | None, folder: Path) -> str | None:
    """What to name as data now to get those of a run again; None where they are nowhere to be found."""
    if place is None:
        return data
    named, path = data_file(data), found(place, folder)
    if named and named.exists() and (path is None or named.absolute() == path):
        return data  # as it was named, from the folder that we are in
    if path is None:
        return None
    source, separator, before = data.partition(":")
    if not separator or data.endswith(".h5"):
        return str(path)
    tests = lists_of(Path(before))[1] if _is_list(source) else None
    if tests is None:
        return f"{source}:{path}"
    return f"{source}:{path},{tests if tests.exists() else path.parent / tests.name}"


def reading_again(reading: Mapping[str, Any], place: Place | None, folder: Path) -> Mapping[str, Any]:
    """How to read the data of a run now, whose list has its root at a place; as it was where it is nowhere to be found."""
    named, path = root_of(reading), found(place, folder) if place else None
    if named is None or path is None or named.expanduser().absolute() == path:
        return reading
    return {**reading, "root": str(path)}


def tried(place: Place, folder: Path) -> str:
    """In words, where a place was looked for."""
    return f"it is neither {place.absolute} nor {place.relative} as seen from {folder}"
