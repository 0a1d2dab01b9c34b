"""Where samples of a folder stand in torchvision's `ImageFolder` of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lt_prune.data.sources.places import expanded, lists_of
from lt_prune.data.spec import parse_spec
from lt_prune.errors import ArgumentError, DataError, UnknownNameError
from lt_prune.types import Array, SampleIndex

SPLIT = "train/"
"""How names of training images begin in a folder of several splits."""


def image_folder_indices(index: SampleIndex) -> Array:
    """int64 (N,): the place of each sample in `ImageFolder(root)`, where root is the folder that holds its class folders.

    The folder is listed now, as `ImageFolder` of the torchvision that is installed lists it.

    Raises:
        ArgumentError: the source is no folder of images.
        DataError: the folder is gone, or `ImageFolder` does not list every file of the index.
    """
    root = image_folder_root(index)
    place = {name: i for i, name in enumerate(_listing(root))}
    names = names_below_root(index)
    if missing := [name for name in names if name not in place]:
        raise DataError(missing_files(f"ImageFolder({str(root)!r})", missing, len(names)))
    return np.array([place[name] for name in names], dtype=np.int64)


def image_folder_root(index: SampleIndex) -> Path:
    """The folder whose folders are the classes.

    Raises:
        ArgumentError: the source is no folder of images.
        DataError: it is gone.
    """
    try:
        spec = parse_spec(index.source)
    except UnknownNameError:  # a name of a folder alone, where there is none now
        raise DataError(f"the folder {index.source} is not here: put it back, or go to where it was named") from None
    if spec.source != "folder" or spec.path is None or not index.file_names:
        raise ArgumentError(f"{index.source} is no folder of images, and ImageFolder lists folders: leave out --for")
    root = spec.path / SPLIT if _is_split(index) else spec.path
    if not root.is_dir():
        raise DataError(f"the folder {root} is not here: put it back, or go to where it was named")
    return root


def files_root(index: SampleIndex) -> Path:
    """The folder that the file names of a set begin in.

    Raises:
        ArgumentError: the source has no files.
        DataError: the folder is gone.
    """
    try:
        spec = parse_spec(index.source)
    except UnknownNameError:  # a name of a folder alone, where there is none now
        raise DataError(f"the folder {index.source} is not here: put it back, or go to where it was named") from None
    if spec.path is None or not index.file_names:
        raise ArgumentError(f"{index.source} has no image files: export places (npy) or a table (csv)")
    beside = lists_of(spec.path)[0].parent if spec.source == "list" else spec.path
    root = expanded(index.reading["root"]) if "root" in index.reading else beside
    if not root.is_dir():
        raise DataError(f"the folder {root} is not here: put it back, or go to where it was named")
    return root


def names_below_root(index: SampleIndex) -> list[str]:
    """The file names below the folder whose folders are the classes."""
    names = index.file_names or ()
    return [name.removeprefix(SPLIT) for name in names] if _is_split(index) else list(names)


def missing_files(where: str, missing: Sequence[str], n_files: int) -> str:
    """A sentence about files of a subset that are not where they should be."""
    from torchvision.datasets.folder import IMG_EXTENSIONS

    return (
        f"{where} lacks {len(missing):,} of the {n_files:,} files that the subset was chosen from, such as {missing[0]}: it "
        f"takes {' '.join(IMG_EXTENSIONS)} alone; put back what was renamed or removed, and convert other formats"
    )


def _is_split(index: SampleIndex) -> bool:
    return all(name.startswith(SPLIT) for name in index.file_names or ())


def _listing(root: Path) -> list[str]:
    """Names below the root, in the order of `ImageFolder`."""
    from torchvision.datasets.folder import IMG_EXTENSIONS, find_classes, make_dataset

    _check_no_way_back(root)
    _, classes = find_classes(str(root))
    listed = make_dataset(str(root), classes, extensions=IMG_EXTENSIONS, allow_empty=True)
    return [Path(path).relative_to(root).as_posix() for path, _ in listed]


def _check_no_way_back(root: Path) -> None:
    """Refuse a link to a folder that it lies in: `ImageFolder` follows it round and round, until memory runs out.

    Raises:
        DataError: there is one.
    """
    for folder, names, _ in os.walk(root.absolute(), followlinks=True):
        above = {each.resolve() for each in (Path(folder), *Path(folder).parents)} | set(Path(folder).resolve().parents)
        if back := next((name for name in names if Path(folder, name).resolve() in above), None):
            raise DataError(
                f"{Path(folder, back)} is a link to a folder that it lies in, and ImageFolder follows it without end: "
                f"remove it, or export file names instead of indices"
            )
