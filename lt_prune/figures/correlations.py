"""Rank correlations of metrics, as a map of colours with their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from lt_prune.figures.style import as_file
from lt_prune.types import Array

SIZE = 0.55
"""Inches of a cell."""


def correlations_figure(title: str, names: Sequence[str], values: Array, format: str) -> bytes:
    """Values (M, M) in [-1, 1] of all pairs of these names; blue is alike, red is opposed, also told by the sign."""
    from matplotlib.figure import Figure

    side = SIZE * len(names) + 2
    figure = Figure(figsize=(side, side), dpi=150, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="RdBu", vmin=-1, vmax=1)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=90, parse_math=False)
    axes.set_yticks(places, names, parse_math=False)
    for row in places:
        for column in places:
            value = values[row, column]
            shade = "white" if abs(value) > 0.6 else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=shade, fontsize=7)
    figure.colorbar(image, ax=axes, shrink=0.6, label="Spearman's rank correlation")
    axes.set_title(title, parse_math=False)
    return as_file(figure, format)
