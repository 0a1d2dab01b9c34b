"""Where samples of a folder stand in torchvision's `ImageFolder` of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from lt_prune.data.sources.places import expanded, lists_of
from lt_prune.data.spec import parse_spec
from lt_prune.errors import ArgumentError, DataError, UnknownNameError
from lt_prune.types import Array, SampleIndex

SPLIT = "train/"
"""How names of training images begin in a folder of several splits."""
FIRST = 10
"""How many names a message has at most."""


def image_folder_indices(index: SampleIndex) -> Array:
    """int64 (N,): the place of each sample in `ImageFolder(root)`, where root is the folder that holds its class folders; -1
    of a file that it does not take.

    The folder is listed now, as `ImageFolder` of the torchvision that is installed lists it.

    Raises:
        ArgumentError: the source is no folder of images.
        DataError: the folder is gone, or a file of the index is.

    Warns:
        UserWarning: `ImageFolder` has other classes than the index, or refuses one as it is empty.
    """
    root = image_folder_root(index)
    classes, listed = _listing(root)
    place = {name: i for i, name in enumerate(listed)}
    names = names_below_root(index)
    if gone := [name for name in names if name not in place and is_taken(name)]:
        raise DataError(missing_files(f"ImageFolder({str(root)!r})", gone, len(names)))
    for told in _of_classes(index, classes, {name.partition("/")[0] for name in listed}):
        warnings.warn(f"ImageFolder({str(root)!r}) {told}", stacklevel=5)
    return np.array([place.get(name, -1) for name in names], dtype=np.int64)


def is_taken(name: str) -> bool:
    """Whether `ImageFolder` takes a file of this name."""
    from torchvision.datasets.folder import IMG_EXTENSIONS

    return name.lower().endswith(IMG_EXTENSIONS)


def say_not_taken(index: SampleIndex, places: Array, wanted: Array, what: str) -> None:
    """Warn of samples that were asked for and stand nowhere.

    Args:
        places: int64 (N,), -1 of these.
        wanted: bool (N,).
        what: names the samples asked for.

    Raises:
        DataError: none of them stands anywhere.
    """
    from torchvision.datasets.folder import IMG_EXTENSIONS

    names = names_below_root(index)
    lost = [names[row] for row in np.flatnonzero(wanted & (places < 0))]
    if not lost:
        return
    of_all = f"{len(lost):,} of the {int(wanted.sum()):,} {what} images"
    told = f"ImageFolder takes {' '.join(IMG_EXTENSIONS)} alone, and {of_all} are none of these"
    if len(lost) == wanted.sum():
        raise DataError(f"{told}: convert them and prune again, or export their names")
    more = f" and {len(lost) - FIRST:,} more" if len(lost) > FIRST else ""
    warnings.warn(f"{told}, and will never be seen by it: {', '.join(lost[:FIRST])}{more}", stacklevel=5)


def _of_classes(index: SampleIndex, classes: Sequence[str], filled: Collection[str]) -> Iterator[str]:
    """What to tell of the classes of `ImageFolder`, of which those that are `filled` have images."""
    if empty := [name for name in classes if name not in filled]:
        yield f"raises an error, as {', '.join(empty)} holds no image that it takes: give it allow_empty=True"
    if others := [name for name in classes if name not in index.class_names]:
        yield f"has {', '.join(others)} as a class, too: its class numbers are not those of {index.name}"
    elif tuple(classes) != index.class_names:
        yield f"has the classes in the order of their names: its class numbers are not those of {index.name}"


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


def _listing(root: Path) -> tuple[list[str], list[str]]:
    """Classes, and names below the root, in the order of `ImageFolder`."""
    from torchvision.datasets.folder import IMG_EXTENSIONS, find_classes, make_dataset

    _check_no_way_back(root)
    _, classes = find_classes(str(root))
    listed = make_dataset(str(root), classes, extensions=IMG_EXTENSIONS, allow_empty=True)
    return list(classes), [Path(path).relative_to(root).as_posix() for path, _ in listed]


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
