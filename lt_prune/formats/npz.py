"""An archive of arrays of NumPy, by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lt_prune.formats.table import Table, reading


def read(path: Path) -> Table:
    """Its arrays, whatever their shape; nothing is unpickled.

    Raises:
        DataError: it is no such archive.
    """
    with reading(path, "a readable .npz archive of plain arrays"), np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
