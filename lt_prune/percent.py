"""How a share is written in percent, wherever one is printed, drawn or told."""

from __future__ import annotations


def percent(share: float, digits: int | None = 1) -> str:
    """A share as in "45.0%", without a space, so that it is one word of a table; with None for `digits` as short as the
    number is, as in "45%" or "12.5%"."""
    return f"{100 * share:g}%" if digits is None else f"{share:.{digits}%}"
