"""Write a file aside, then rename it into place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lt_prune.store.leftovers import clear_leftovers, mark

WRITTEN: set[Path] = set()
"""Absolute paths of what this process has written, for whoever tells a user what was made and what was there."""


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, see `replacing`."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write and read, aside, which afterwards stands at `path` in one step: a reader sees the old file or the new
    one, whole, even after kill -9. After an error nothing has changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path.parent)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{mark()}", suffix=".part")
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
        WRITTEN.add(path.absolute())
    except BaseException as error:
        Path(aside).unlink(missing_ok=True)
        if isinstance(error, OSError):  # name the file that was asked for, not the one aside
            error.filename = str(path)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
