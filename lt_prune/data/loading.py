"""Whether a source's images are held in memory or streamed from their files."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path


def streams(loading: str, n_bytes: int) -> bool:
    """Whether images that take `n_bytes` once decoded are streamed: by "auto", from half of the available memory on.

    Half, because cutting a set copies its images.
    """
    return loading == "stream" or (loading == "auto" and 2 * n_bytes >= available_memory())


def available_memory() -> float:
    """Bytes that programs can still take: Linux's estimate, elsewhere all there are, infinity where neither is known."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    with suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return math.inf
