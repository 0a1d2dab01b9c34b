"""Where data sets lie, on a system that may know of no home folder."""

from __future__ import annotations

import os
from pathlib import Path

from lt_prune.errors import ArgumentError


def data_root() -> Path:
    """Where downloaded data sets lie when the user names no place: the folder in the environment variable LT_PRUNE_DATA,
    otherwise ~/.cache/lt-prune.

    Raises:
        ArgumentError: neither is known.
    """
    given = os.environ.get("LT_PRUNE_DATA")
    return (
        Path(given) if given else expanded("~/.cache/lt-prune", "set LT_PRUNE_DATA to a folder, or name one as SOURCE:PATH")
    )


def lists_of(path: Path) -> tuple[Path, Path | None]:
    """The list of training images, and behind a comma that of test images, if there is one."""
    train, _, test = str(path).partition(",")
    return Path(train), expanded(test) if test else None


def expanded(path: str, remedy: str = "name the folder in full") -> Path:
    """A path, with ~ and ~NAME replaced by the home folder.

    Raises:
        ArgumentError: there is none, as where HOME is not set and the system does not know the user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ArgumentError(f"the home folder in {path} is not known here: {remedy}") from None
