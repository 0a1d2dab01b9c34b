"""What all figures have in common."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lt_prune.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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


def count_axis(axes: Axes) -> None:
    """Let y be counts: logarithmic from 1 on, with 0 at the bottom."""
    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylim(0, top_of(axes, 1.5))


def top_of(axes: Axes, room: float) -> float:
    """The highest value drawn, times so much; 1 where nothing is above 0."""
    highest = float(axes.dataLim.y1)
    return room * highest if 0 < highest < float("inf") else 1.0


def mark_zeros(axes: Axes, places: Array, heights: Array) -> None:
    """Write 0 where a bar has no height, which would look like one that is missing."""
    for place in places[heights == 0]:
        axes.annotate("0", (place, 0), (0, 2), textcoords="offset points", ha="center", fontsize="x-small")
