"""What of a source becomes a long-tailed set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How a source is cut to a long-tailed set; the fields are arguments of `lt_prune.build`."""

    profile: str = "exp"
    """"exp", "step", or "none" for every image there is."""
    imbalance: float | None = None
    """Largest class over smallest, for the two former."""
    largest: int | None = None
    """Images of the largest class; by default what the smallest class of the source can give, or where the source is the
    user's own, as many as its classes can give in the order of their sizes."""
    seed: int = 0
    selection: str = "content"
    """Which images are chosen, see `lt_prune.data.longtail`."""
    holdout: float = 0.0
    """Share of each class that becomes the test set, see `lt_prune.data.holdout`."""
