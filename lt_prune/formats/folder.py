"""A folder of image files, one folder a class, as `ImageFolder` and others read it: copies, or links to where they are."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from lt_prune.errors import DataError, MismatchError
from lt_prune.store.atomic import WRITTEN
from lt_prune.store.leftovers import clear_leftovers, mark
from lt_prune.store.names import check_name
from lt_prune.store.output import REMEDY

_SHOWN = 3
"""Files that a message names."""


def class_folders(class_names: Sequence[str]) -> list[str]:
    """What the folder of each class is called: as the class; numbers get zeros, so that they sort as they count.

    Raises:
        ArgumentError: a class has a name that no folder can have.
    """
    names = [check_name("the class name", name) for name in class_names]
    width = max(map(len, names))
    return [name.zfill(width) for name in names] if all(name.isdecimal() for name in names) else names


def placed(names: Sequence[str], folders: Sequence[str]) -> list[PurePosixPath]:
    """Where files go, below the new folder: each in the folder of its class, by its own name; or where two would have one
    place, by the whole of their paths.

    Args:
        names: paths below the root of the source.
        folders: that of the class of each.
    """
    short = [PurePosixPath(folder, PurePosixPath(name).name) for name, folder in zip(names, folders)]
    if max(Counter(short).values(), default=1) == 1:
        return short
    return [PurePosixPath(folder, name.removeprefix(f"{folder}/")) for name, folder in zip(names, folders)]


def write_folder(
    out: Path, files: Mapping[PurePosixPath, Path], *, apart: Iterable[Path], link: bool, overwrite: bool = False
) -> None:
    """Copy files, or link to them, to their places below a folder. What is there already and is the same is left as it is.

    Args:
        apart: folders that the new one may not lie in, nor they in it.

    Raises:
        DataError: a file is gone, or the folder is not apart from these.
        MismatchError: the folder holds other files, or something else in a place, which is replaced where `overwrite` says
            so.
    """
    if missing := [source for source in files.values() if not source.is_file()]:
        raise DataError(f"{len(missing):,} of {len(files):,} files are gone, such as {missing[0]}: put them back")
    _check_apart(out, apart)
    _check_free(out, files)
    other = [place for place, source in files.items() if not _is_same(out / place, source, link)]
    there = [place for place in other if os.path.lexists(out / place)]
    if there and not overwrite:
        raise MismatchError(f"{out / there[0]} exists and holds something else: {REMEDY}")
    for folder in {out / place.parent for place in files}:
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
    for place in other:
        _put(files[place].absolute(), out / place, link)


def _check_apart(out: Path, folders: Iterable[Path]) -> None:
    """Refuse a folder that would become a part of its source, or that holds it."""
    root = out.resolve()
    for folder in map(Path.resolve, folders):
        if folder == root or root in folder.parents or folder in root.parents:
            raise DataError(f"{out} and the images in {folder} lie in each other: name a folder apart from them")


def _check_free(out: Path, files: Mapping[PurePosixPath, Path]) -> None:
    """Refuse a folder with files in it that do not belong to what is exported: a loader would read them, too."""
    found = [Path(folder, name).relative_to(out) for folder, _, names in os.walk(out) for name in names]
    places = [PurePosixPath(path.as_posix()) for path in found]
    if strays := sorted(str(place) for place in places if place not in files and not place.name.startswith(".")):
        more = f" and {len(strays) - _SHOWN:,} more" if len(strays) > _SHOWN else ""
        shown = ", ".join(strays[:_SHOWN])
        raise MismatchError(f"{out} holds other files, {shown}{more}: name an empty folder, or a new one")


def _is_same(place: Path, source: Path, link: bool) -> bool:
    if link or place.is_symlink():
        return link and place.is_symlink() and os.readlink(place) == str(source.absolute())
    return place.is_file() and filecmp.cmp(place, source, shallow=False)


def _put(source: Path, place: Path, link: bool) -> None:
    """Write it aside, and rename it into place."""
    handle, aside = tempfile.mkstemp(dir=place.parent, prefix=f".{mark()}", suffix=".part")
    os.close(handle)
    try:
        if link:
            os.unlink(aside)
            os.symlink(source, aside)
        else:
            shutil.copyfile(source, aside)
            shutil.copymode(source, aside)
        os.replace(aside, place)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    WRITTEN.add(place.absolute())
