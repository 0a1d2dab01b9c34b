"""Figures over classes: values of each class, sorted by decreasing training count, in one panel above another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from lt_prune.figures.style import COLOURS, LINES, MARKERS, as_file, count_axis, mark_zeros, top_of
from lt_prune.types import GROUPS, Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ClassRow = dict[str, Any]
"""Values of a class, see `class_rows`."""
WIDTH = 90
"""Letters that fit in a line."""
NAMED = 20
"""Up to this many classes have their names on the axis; more have their ranks."""
OF_COUNTS = 4
"""The first colour of counts."""
OUTLINED = 100
"""Up to so many classes have a marker each, and bars an outline."""


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    label: str
    """Of the values, with their unit where they have one."""
    series: Mapping[str, str]
    """Column of the rows -> what the legend calls it."""
    bars: bool = False
    """Bars from zero, those of several series beside one another, instead of lines."""
    counts: bool = False
    """Whether they are counts, on an axis that is logarithmic from 1 on and shows a zero as one."""
    percent: bool = False
    """Whether they are shares, shown in percent, as bars on an axis up to 100."""
    from_zero: bool = False
    """Whether the axis starts at 0, as that of counts and of percent does."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure over classes."""

    title: str
    rows: tuple[ClassRow, ...]
    """One a class, see `class_rows`."""
    panels: tuple[Panel, ...]
    sorted_by: str = "training count"
    """What decreases from class to class."""

    @property
    def series(self) -> dict[str, str]:
        """Every column drawn -> what the legend calls it."""
        return {column: label for panel in self.panels for column, label in panel.series.items()}


def class_rows(
    names: Sequence[str],
    counts: Sequence[int | None],
    groups: tuple[int, int],
    columns: Mapping[str, Sequence[float | None]],
    sizes: Array,
) -> tuple[ClassRow, ...]:
    """A row for each class, sorted by decreasing size.

    Args:
        names: M class names.
        counts: samples of each class, where they are known.
        groups: (end of head, start of tail) over the sorted classes.
        columns: M values each, in the order of the names.
        sizes: (M,), what to sort by; of equals the first comes first.

    Returns:
        Rows of class (its index), name, count, group ("head", "middle" or "tail") and each column.
    """
    head_end, tail_start = groups
    rows = []
    for rank, c in enumerate(np.argsort(-sizes, kind="stable").tolist()):
        group = GROUPS[(rank >= head_end) + (rank >= tail_start)]
        values = {column: of_classes[c] for column, of_classes in columns.items()}
        rows.append({"class": c, "name": names[c], "count": counts[c], "group": group, **values})
    return tuple(rows)


def render(drawing: Drawing, format: str) -> bytes:
    """The figure as a file of a format that Matplotlib writes, such as "png" or "pdf"; the same rows give the same bytes."""
    from matplotlib.figure import Figure

    n_panels = len(drawing.panels)
    figure = Figure(figsize=(8, 1.4 + 2.4 * n_panels), dpi=150, layout="constrained")
    every = figure.subplots(n_panels, sharex=True, squeeze=False)[:, 0]
    styles = _styles(drawing)
    for axes, panel in zip(every, drawing.panels):
        (_draw_bars if panel.bars else _draw_lines)(axes, panel, drawing.rows, styles)
        axes.set_ylabel(panel.label)
        _scale(axes, panel)
        axes.grid(axis="y", linewidth=0.5, alpha=0.4)
        axes.set_axisbelow(True)
        _part_groups(axes, drawing.rows)
    figure.align_ylabels(every)
    _name_groups(every[0], drawing.rows)
    _name_classes(every[-1], drawing)
    if named := _named_series(every, drawing.panels):
        columns = max(1, WIDTH // (max(map(len, named)) + 8))
        figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=columns, frameon=False)
    figure.suptitle("\n".join(fill(line, WIDTH) for line in drawing.title.splitlines()), parse_math=False)
    return as_file(figure, format)


def _named_series(every: Iterable[Axes], panels: Sequence[Panel]) -> dict[str, Any]:
    """What the legend shows: of panels with several series, each name once."""
    found: dict[str, Any] = {}
    for axes, panel in zip(every, panels):
        if len(panel.series) > 1:
            handles, labels = axes.get_legend_handles_labels()
            found |= dict(zip(labels, handles))
    return found


def _styles(drawing: Drawing) -> dict[str, int]:
    """A number for each name in a legend, the same in every panel; those of counts are the same in every figure."""
    counts, others = ([*_labels(panel for panel in drawing.panels if panel.counts == which)] for which in (True, False))
    return dict(zip([*others, *counts], [*range(len(others)), *range(OF_COUNTS, OF_COUNTS + len(counts))]))


def _labels(panels: Iterable[Panel]) -> dict[str, None]:
    return dict.fromkeys(label for panel in panels for label in panel.series.values())


def _values(rows: Sequence[ClassRow], column: str) -> Array:
    """(M,) float64, NaN where there is none."""
    return np.array([np.nan if row[column] is None else row[column] for row in rows], dtype=np.float64)


def _draw_lines(axes: Axes, panel: Panel, rows: Sequence[ClassRow], styles: Mapping[str, int]) -> None:
    places, every = np.arange(len(rows)), -(-len(rows) // OUTLINED)
    for column, label in panel.series.items():
        number, width = styles[label], 1.2 if every == 1 else 0.6
        (line,) = axes.plot(places, _drawn(rows, column, panel), label=label, markevery=every, linewidth=width)
        line.set(color=COLOURS[number], marker=MARKERS[number], linestyle=LINES[number], markersize=4, clip_on=False)


def _draw_bars(axes: Axes, panel: Panel, rows: Sequence[ClassRow], styles: Mapping[str, int]) -> None:
    style: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5} if len(rows) <= OUTLINED else {}
    width = (0.8 if style else 1.0) / len(panel.series)
    for place, (column, label) in enumerate(panel.series.items()):
        at = np.arange(len(rows)) + (place - (len(panel.series) - 1) / 2) * width
        values = _drawn(rows, column, panel)
        axes.bar(at, values, width, color=COLOURS[styles[label]], label=label, **style)
        if len(rows) <= NAMED:
            mark_zeros(axes, at, values)
    axes.axhline(0, color="black", linewidth=0.8)


def _drawn(rows: Sequence[ClassRow], column: str, panel: Panel) -> Array:
    """What a column is drawn as, float64 (M,)."""
    return _values(rows, column) * (100 if panel.percent else 1)


def _scale(axes: Axes, panel: Panel) -> None:
    """An axis that starts where a reader expects it."""
    if panel.percent or panel.from_zero:
        axes.set_ylim(0, 100 if panel.percent and panel.bars else top_of(axes, 1.05))
    if panel.counts:
        count_axis(axes)


def _ends(rows: Sequence[ClassRow]) -> list[int]:
    """Ranks at which a group ends and another begins."""
    return [rank for rank, (one, other) in enumerate(pairwise(rows), start=1) if one["group"] != other["group"]]


def _part_groups(axes: Axes, rows: Sequence[ClassRow]) -> None:
    for end in _ends(rows):
        axes.axvline(end - 0.5, color="black", linewidth=0.8, linestyle=(0, (4, 3)))


def _name_groups(axes: Axes, rows: Sequence[ClassRow]) -> None:
    for start, end in pairwise([0, *_ends(rows), len(rows)]):
        middle = (start + end - 1) / 2
        axes.annotate(rows[start]["group"], (middle, 1.02), xycoords=("data", "axes fraction"), ha="center", va="bottom")


def _name_classes(axes: Axes, drawing: Drawing) -> None:
    rows = drawing.rows
    axes.set_xlim(-0.6, len(rows) - 0.4)
    if len(rows) > NAMED:
        axes.set_xlabel(f"rank of the class by decreasing {drawing.sorted_by}")
        return
    names = [row["name"] for row in rows]
    slanted: dict[str, Any] = (
        {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if len(names) * max(map(len, names)) > WIDTH else {}
    )
    axes.set_xticks(range(len(names)), names, parse_math=False, **slanted)
    axes.set_xlabel(f"class, by decreasing {drawing.sorted_by}")
