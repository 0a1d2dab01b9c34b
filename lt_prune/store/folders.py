"""Folders that one process at a time works in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
                take_back(made)
    except Timeout:
        raise LtPruneError(f"another process is at work in {folder}: wait for it, or give another --out") from None


def take_back(made: Sequence[Path]) -> None:
    """Remove folders, the innermost first, as long as they hold nothing but a lock."""
    with suppress(OSError):  # something is in there, or another process has removed it
        if made and [each.name for each in made[0].iterdir()] == [".lock"]:
            (made[0] / ".lock").unlink()
        for each in made:
            each.rmdir()


def clear(files: Iterable[Path]) -> None:
    """Remove files; of a link, not what it leads to."""
    for file in files:
        file.unlink(missing_ok=True)
