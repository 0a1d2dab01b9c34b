"""Folders among pictures that this package has written to: they are no classes, whatever pictures of runs lie in them."""

from __future__ import annotations

import os
from pathlib import Path

SEAL = b"lt-prune sha256="
"""How sealed HDF5 files begin."""
FOLDERS = ("sets", "scores", "subsets", "runs")
"""What files go into by default, below the folder that a command is run in."""
_RUN = ("result.json", "model.pt")
"""What a finished run consists of."""


def is_of_ours(folder: Path) -> bool:
    """Whether a folder is that of a run, or one of `FOLDERS` with something of ours in it."""
    if folder.name not in FOLDERS:
        return _is_run(folder)
    return any(_is_sealed(file) for file in folder.glob("*.h5")) or any(map(_is_run, folder.glob("*/")))


def _is_run(folder: Path) -> bool:
    return all(os.path.isfile(folder / name) for name in _RUN)  # which is no error in a folder that may not be entered


def _is_sealed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(SEAL)) == SEAL
    except OSError:
        return False
