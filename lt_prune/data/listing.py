"""What of a folder is a class and what is a picture; the rest is passed over, and said."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lt_prune.data.own_files import is_of_ours
from lt_prune.errors import DataError

TRAIN, TEST = "train", "test"
"""Folders of a source that is split already."""

_PARTS = {"train", "training", "test", "testing", "val", "valid", "validation"}
"""What people call such folders, in lower case."""

HIDDEN = "hidden or left by the system"
FOREIGN = "of no format that is read"
LOOPS = "linked to a folder that they lie in"
LOCKED = "not open to this user"
LOOSE = "in no class folder"
BESIDE = "folders beside train/ and test/"
DANGLING = "linked to nothing"
SPECIAL = "no regular files"
OURS = "written by lt-prune"
"""Why something is passed over."""
_FOLDER, _PICTURE = "folder", "picture"
"""What is not."""

_OF_SYSTEMS = {
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "__macosx",
    "__pycache__",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
}
"""What Windows, macOS, network storage and Python leave among pictures, in lower case, besides dot files."""

_PRETENDED = {"EPS", "MPEG"}
"""Formats that Pillow opens and cannot decode, or only with a program of others, besides its stubs."""


@dataclass
class PassedOver:
    """What was found and is neither class nor picture, by its reason."""

    root: Path
    found: dict[str, list[str]] = field(default_factory=dict)
    """Paths below the root."""

    def add(self, reason: str, path: Path) -> None:
        self.found.setdefault(reason, []).append(path.relative_to(self.root).as_posix())

    def report(self, strict: bool) -> None:
        """Say it in one line.

        Raises:
            DataError: there is any, and `strict` asks to refuse it.
        """
        if not self.found:
            return
        parts = ", ".join(f"{len(paths):,} {why} ({shown(paths[0])})" for why, paths in self.found.items())
        if strict:
            raise DataError(
                f"{self.root} holds what is neither class nor picture: {parts}: remove it, or leave out --strict"
            )
        warnings.warn(f"passed over in {self.root}: {parts}; --strict refuses it instead", stacklevel=2)


def is_split(root: Path) -> bool:
    """Whether a folder holds train/ or test/ with class folders in them, or nothing else; rather than the class folders
    themselves, one of which may be called so."""
    return any(_folders(root / part) for part in (TRAIN, TEST)) or {TRAIN} <= set(_folders(root)) <= {TRAIN, TEST}


def check_no_split(names: Sequence[str], root: Path) -> None:
    """Refuse parts of a split as classes.

    Raises:
        DataError: no folder is called otherwise than a part is.
    """
    if {name.lower() for name in names} <= _PARTS:
        raise DataError(f"{root} holds {', '.join(names)}, which are no classes: call the folder of the training set train/")


def class_folders(split: Path, over: PassedOver) -> list[str]:
    """Names of the folders of a split that are classes, sorted as text.

    Raises:
        DataError: there are none, or the split may not be listed.
    """
    names, entries = [], _entries(split)
    above = _above(split)
    for entry in entries:
        kind = _kind(entry, above)
        if kind == _FOLDER and is_of_ours(Path(entry.path)):
            kind = OURS
        if kind == _FOLDER:
            names.append(entry.name)
        else:
            over.add(LOOSE if kind == _PICTURE else kind, Path(entry.path))
    if not names:
        raise DataError(f"{split} holds no class folders: put one folder of pictures a class below it")
    return names


def pass_over_beside(root: Path, over: PassedOver) -> None:
    """Note what lies beside train/ and test/."""
    for entry in _entries(root):
        if entry.name not in (TRAIN, TEST):
            kind = _kind(entry, _above(root))
            over.add({_FOLDER: BESIDE, _PICTURE: LOOSE}.get(kind, kind), Path(entry.path))


def pictures_below(folder: Path, over: PassedOver) -> list[Path]:
    """Every picture of a class, in the order in which torchvision's `ImageFolder` lists them."""
    found: list[Path] = []
    _walk(folder, _above(folder.parent), found, over)
    return sorted(found, key=lambda path: (str(path.parent), path.name))


def check_alike(names: Sequence[str], where: Path, strict: bool) -> None:
    """Say which classes have names that look the same.

    Raises:
        DataError: there are any, and `strict` asks to refuse them.
    """
    looks = Counter(map(_look, names))
    alike = [name for name in names if looks[_look(name)] > 1]
    if not alike:
        return
    told = f"the class folders {', '.join(map(ascii, alike))} of {where} look alike and are {len(alike)} classes"
    if strict:
        raise DataError(f"{told}: give them names that differ, or leave out --strict")
    warnings.warn(f"{told}; --strict refuses them instead", stacklevel=2)


def shown(name: str) -> str:
    """A name as it is, or where it does not look like what it is, with escapes."""
    return name if name == _look(name) else ascii(name)


def in_order(names: Sequence[str], counts: Sequence[int], order: str) -> tuple[str, ...]:
    """Class names, sorted already as text, in the order of their labels.

    Args:
        names: M names.
        counts: M numbers of pictures.
        order: "text"; "natural", in which 2 comes before 10; or "count", the largest class first.
    """
    if order == "natural":
        return tuple(sorted(names, key=_natural))
    if order == "count":
        return tuple(name for _, name in sorted(zip(counts, names), key=lambda pair: -pair[0]))
    return tuple(names)


def _walk(folder: Path, above: frozenset[tuple[int, int]], found: list[Path], over: PassedOver) -> None:
    above = above | {_place(folder)}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        over.add(LOCKED, folder)
        return
    for entry in entries:
        kind = _kind(entry, above)
        if kind == _FOLDER:
            _walk(Path(entry.path), above, found, over)
        elif kind == _PICTURE:
            found.append(Path(entry.path))
        else:
            over.add(kind, Path(entry.path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        listed = sorted(os.scandir(folder), key=lambda entry: entry.name)
        if not os.access(folder, os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listed
    except NotADirectoryError:
        raise DataError(f"{folder} is not a folder: name one that holds a folder of pictures a class") from None
    except FileNotFoundError:
        raise DataError(f"there is no folder {folder}: name one that holds a folder of pictures a class") from None
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be listed ({error.strerror}): name another, or get access") from None


def _folders(folder: Path) -> list[str]:
    if not os.path.isdir(folder):
        return []
    return [entry.name for entry in _entries(folder) if os.path.isdir(entry.path) and not _is_hidden(entry.name)]


def _kind(entry: os.DirEntry[str], above: frozenset[tuple[int, int]]) -> str:
    """Folder or picture, or why it is passed over."""
    if _is_hidden(entry.name):
        return HIDDEN
    named_so = Path(entry.name).suffix.lower() in _readable()
    try:
        status = entry.stat()
    except OSError as error:  # what bears a picture's name is then a broken picture
        return _PICTURE if named_so else LOCKED if isinstance(error, PermissionError) else DANGLING
    if stat.S_ISDIR(status.st_mode):
        if not os.access(entry.path, os.R_OK | os.X_OK):
            return LOCKED
        return LOOPS if _place(Path(entry.path)) in above else _FOLDER
    if not stat.S_ISREG(status.st_mode):
        return SPECIAL
    return _PICTURE if named_so else FOREIGN


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def _above(folder: Path) -> frozenset[tuple[int, int]]:
    """A folder and all that it lies in."""
    real = folder.resolve()
    return frozenset(map(_place, (real, *real.parents)))


def _place(folder: Path) -> tuple[int, int]:
    """What is one folder under all its names."""
    status = folder.stat()
    return status.st_dev, status.st_ino


@cache
def _readable() -> frozenset[str]:
    """Endings of the formats that Pillow decodes."""
    from PIL import Image, ImageFile

    Image.init()
    opened = {
        name
        for name, (factory, _) in Image.OPEN.items()
        if name not in _PRETENDED and not (isinstance(factory, type) and issubclass(factory, ImageFile.StubImageFile))
    }
    return frozenset(suffix for suffix, name in Image.EXTENSION.items() if name in opened)


def _look(name: str) -> str:
    """What of a name can be seen."""
    normal = unicodedata.normalize("NFC", name)
    return "".join(letter for letter in " ".join(normal.split()) if letter.isprintable())


def _natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    parts = re.split(r"(\d+)", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part], name
