"""What all figures have in common."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Okabe and Ito's colours, which colour-blind readers can distinguish."""
MARKERS = ("o", "s", "^", "D")
LINES = ("-", "--", ":", "-.")


def as_file(figure: Figure, format: str) -> bytes:
    """A figure as "png", "pdf" or any other format that Matplotlib writes; the same figure gives the same bytes."""
    memory = io.BytesIO()
    figure.savefig(memory, format=format, metadata={"CreationDate": None} if format == "pdf" else None)
    return memory.getvalue()
