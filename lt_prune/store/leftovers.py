"""What a kill leaves: files that were written aside, and folders that were for a moment. Their names say which process makes
them, so that a later one knows what nobody needs any more."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import psutil

MARK = "lt-prune-"
AGE = 60.0
"""Seconds from which what a process has left is cleared once it is gone."""
_ELSEWHERE = 24 * 3600.0
"""The same for processes of another machine, of which nobody here knows whether they are gone."""
_MADE_BY = re.compile(MARK + r"(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-\w+(\.part)?$")


def mark() -> str:
    """The beginning of a name that says who makes what bears it."""
    return f"{MARK}{_machine()}-{os.getpid()}-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of this process's own in the system's temporary place; afterwards it is gone."""
    clear_leftovers(Path(gettempdir()))
    with TemporaryDirectory(prefix=mark(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def clear_leftovers(folder: Path, age: float = AGE) -> None:
    """Remove what processes that are gone have left in a folder for at least `age` seconds; what cannot be removed stays."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in [entry for entry in entries if MARK in entry.name]:
            with suppress(OSError):
                if _is_left(entry, age):
                    _remove(entry)


def _is_left(entry: os.DirEntry[str], age: float) -> bool:
    found = _MADE_BY.search(entry.name)
    if not found or not entry.name.startswith((".", MARK)):
        return False
    written = entry.stat(follow_symlinks=False).st_mtime
    if found["machine"] != _machine():
        return time.time() - written > _ELSEWHERE
    return time.time() - written >= age and not _lives(int(found["pid"]), written)


def _lives(pid: int, written: float) -> bool:
    """Whether the process of this number, which began before what was written, is still there."""
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() <= written + AGE and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        os.unlink(entry.path)


def _machine() -> str:
    """Short, as it is a part of names, which may not be long."""
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()
