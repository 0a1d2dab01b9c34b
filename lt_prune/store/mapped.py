"""Arrays in mapped files: processes that map the same file hold its content once, and the system may let go of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.types import Array


def in_file(array: Array, file: Path) -> Array:
    """The same, in a new file, mapped; what is written to it is this process's own, and no change of the file."""
    np.save(file, array)
    return np.asarray(np.load(file, mmap_mode="c"))


def place_in_file(array: Array) -> tuple[Any, ...] | None:
    """What `numpy.memmap` must be given to map an array's file again, copied on write; None for one that lies in none."""
    base: Any = array
    while not isinstance(base, np.memmap):
        if not isinstance(base, np.ndarray):
            return None
        base = base.base
    if base.filename is None or not array.flags.c_contiguous:
        return None
    return base.filename, array.dtype, "c", base.offset + array.ctypes.data - base.ctypes.data, array.shape
