"""Where downloaded data sets lie when the user names no place."""

from __future__ import annotations

import os
from pathlib import Path


def data_root() -> Path:
    """The folder in the environment variable LT_PRUNE_DATA, otherwise ~/.cache/lt-prune."""
    return Path(os.environ.get("LT_PRUNE_DATA") or Path.home() / ".cache" / "lt-prune")
