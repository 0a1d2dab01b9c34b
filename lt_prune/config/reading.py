"""How the images of a source are read."""

from __future__ import annotations

from dataclasses import dataclass

from lt_prune.choices import LOADINGS
from lt_prune.errors import ArgumentError
from lt_prune.given import known_fields

LARGEST_SIDE = 1024
"""Pixels; images beyond it fit no memory by the thousand."""


@known_fields
@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the images of a source are read; a set file is read as it is.

    Raises:
        ArgumentError: a value is out of range.
    """

    download: bool = False
    """Fetch what is missing, for sources that can."""
    resize: int | None = None
    """Side of the square that images are resized to, for sources of files."""
    loading: str = "auto"
    """For sources of files: "memory" to hold images, "stream" to read them again whenever they are needed, "auto" to stream
    those that would take half of the available memory or more."""

    def __post_init__(self) -> None:
        if self.resize is not None and not 1 <= self.resize <= LARGEST_SIDE:
            raise ArgumentError(f"resize must be a side of 1 to {LARGEST_SIDE:,} pixels, not {self.resize}")
        if self.loading not in LOADINGS:
            raise ArgumentError(f"loading must be {', '.join(LOADINGS)}, not {self.loading!r}")
