"""How the images of a source are read."""

from __future__ import annotations

from dataclasses import dataclass

from lt_prune.choices import CLASS_ORDERS, LOADINGS
from lt_prune.errors import ArgumentError
from lt_prune.given import known_fields

HOLDOUT = 0.2
"""Share of each class that is held out where a source has no test images and nothing else is asked for."""
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
    class_order: str = "text"
    """Of a folder's classes: "text" sorts 1, 10, 2, "natural" 1, 2, 10, and "count" the largest class first."""
    holdout: float | None = None
    """Share of each class to hold out as test images, for sources that have none: by default `HOLDOUT`; 0 for none."""
    skip_broken: bool = False
    """Leave out image files that cannot be used, instead of refusing their folder."""
    strict: bool = False
    """Refuse a folder that holds what is neither class nor picture, instead of passing it over with a warning."""

    def __post_init__(self) -> None:
        if self.resize is not None and not 1 <= self.resize <= LARGEST_SIDE:
            raise ArgumentError(f"resize must be a side of 1 to {LARGEST_SIDE:,} pixels, not {self.resize}")
        if self.loading not in LOADINGS:
            raise ArgumentError(f"loading must be {', '.join(LOADINGS)}, not {self.loading!r}")
        if self.class_order not in CLASS_ORDERS:
            raise ArgumentError(f"class_order must be {', '.join(CLASS_ORDERS)}, not {self.class_order!r}")
        if self.holdout is not None and not 0 <= self.holdout < 1:
            raise ArgumentError(f"holdout must be the share to test on, in [0, 1), such as 0.2, not {self.holdout}")
