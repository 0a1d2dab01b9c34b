"""Whether a source's images are held in memory or streamed from their files."""

from __future__ import annotations

from lt_prune.machine import available_memory


def streams(loading: str, n_bytes: int) -> bool:
    """Whether images that take `n_bytes` once decoded are streamed: by "auto", from half of the available memory on.

    Half, because worker processes are given images as a file, which on some systems lies in memory, too.
    """
    return loading == "stream" or (loading == "auto" and 2 * n_bytes >= available_memory())
