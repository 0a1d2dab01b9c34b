"""Folders that one process at a time works in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lt_prune.errors import FileError, LtPruneError
from lt_prune.store.leftovers import MARK, clear_leftovers


@contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """Hold a folder, made where missing, against other processes; None holds nothing. What was made for it and is empty at
    the end is removed, so that what is refused leaves no folder.

    Raises:
        LtPruneError: another process holds it, or a file lies there.
    """
    if folder is None:
        yield
        return
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise FileError(f"{folder} cannot be a folder, as a file lies there: name another place") from None
    try:
        with FileLock(folder / ".lock", timeout=0):
            clear_leftovers(folder, age=0)  # whoever goes on here at once after a kill need not wait for them
            for aside in folder.glob(".*.part"):
                if MARK not in aside.name:  # of the first version, which did not say whose it is
                    aside.unlink(missing_ok=True)
            try:
                yield
            finally:
                _take_back(made)
    except Timeout:
        raise LtPruneError(f"another process is at work in {folder}: wait for it, or give another --out") from None


def _take_back(made: Sequence[Path]) -> None:
    """Remove folders, the innermost first, as long as they hold nothing but a lock."""
    with suppress(OSError):  # something is in there, or another process has removed it
        if made and [each.name for each in made[0].iterdir()] == [".lock"]:
            (made[0] / ".lock").unlink()
        for each in made:
            each.rmdir()


def clear(*paths: Path | None) -> None:
    """Remove files, and what folders hold (but not the lock that is held on them)."""
    for path in paths:
        if path is None or not path.exists():
            continue
        if path.is_file() or path.is_symlink():
            path.unlink()
            continue
        for entry in path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != ".lock":
                entry.unlink()
