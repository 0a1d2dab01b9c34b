"""A contact sheet: pictures of a few samples of each class, a row a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

from lt_prune.figures.style import as_file
from lt_prune.types import Array

INCH = 0.72
"""Side of a picture on the sheet."""
LETTERS = 11
"""In an inch of a title."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """The pictures of a class."""

    name: str
    """Of the class, with its numbers."""
    images: Sequence[Array]
    """uint8 (H, W, 3) each."""
    captions: Sequence[str]
    """Below each; "" for none."""


def contact_sheet(title: str, lines: Sequence[Line], format: str = "png") -> bytes:
    """The sheet as a file of a format that Matplotlib writes; the same pictures give the same bytes.

    Args:
        lines: at least one, of at least one picture each.
    """
    from matplotlib.figure import Figure

    columns = max(len(each.images) for each in lines)
    captions = any(any(each.captions) for each in lines)
    height = INCH + (0.2 if captions else 0.06)
    width = 1.6 + INCH * columns
    words = fill(title, int(width * LETTERS))
    top = 0.2 + 0.2 * (words.count("\n") + 1)
    figure = Figure(figsize=(width, top + height * len(lines) + 0.05), dpi=200)
    total = figure.get_figheight()
    figure.text(0.1 / width, 1 - 0.1 / total, words, va="top", fontsize=10, parse_math=False)
    for row, line in enumerate(lines):
        bottom = 1 - (top + height * row + INCH) / total
        name = "\n".join(fill(part, 18) for part in line.name.splitlines())
        figure.text(1.5 / width, bottom + INCH / 2 / total, name, ha="right", va="center", fontsize=8, parse_math=False)
        for column, (image, caption) in enumerate(zip(line.images, line.captions)):
            axes = figure.add_axes((((1.6 + INCH * column) / width), bottom, (INCH - 0.06) / width, (INCH - 0.06) / total))
            axes.imshow(image, interpolation="nearest" if max(image.shape[:2]) < 64 else "antialiased")
            axes.axis("off")
            axes.text(0.5, -0.04, caption, transform=axes.transAxes, ha="center", va="top", fontsize=5.5, parse_math=False)
    return as_file(figure, format)


def numbered(names: Mapping[int, str], before: Array, kept: Array | None) -> dict[int, str]:
    """Names of classes with their numbers of samples, and where there is a subset with what it keeps."""
    if kept is None:
        return {c: f"{name}\n{before[c]:,}" for c, name in names.items()}
    return {c: f"{name}\n{before[c]:,} → {kept[c]:,}" for c, name in names.items()}
