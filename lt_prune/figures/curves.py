"""Accuracy against what was removed: a line a strategy over the rows of `aggregate`, with the unpruned run beside them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from lt_prune.figures.style import COLOURS, LINES, MARKERS, as_file
from lt_prune.percent import percent
from lt_prune.reports.aggregate import Row
from lt_prune.reports.words import at_equal, control_of, kinds_of_equal, kinds_of_ranking, pruned_by, ranked_by, several
from lt_prune.types import GROUPS, LIKE, Array

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SEPARATE = ("name", "method", "prediction", "settings", "equal")
"""Rows that differ in these are in figures of their own; an unpruned row is in those of any `equal`."""
PLACES = {"overall": (0, 0), "balanced": (0, 1), **{group: (1, column) for column, group in enumerate(GROUPS)}}
"""Row and column of each panel; the legend has the place that is left."""
LEGEND = (0, 2)
DRAWN = [colour for colour in COLOURS if colour not in ("#F0E442", "#000000")]
"""Yellow is pale on white, and black is the unpruned run's."""
WIDTH = 110
"""Letters that fit in a line of the title."""
REMARK = 58
"""Letters that fit in a line beside the panels."""
ASIDE, ALL_ASIDE = 2.5, 15.0
"""Points from a line to where the next one is drawn, and at most from the first one to the last."""


@dataclass(frozen=True, kw_only=True)
class Curves:
    """One figure: pruned rows of one set, method, prediction and recipe, all at equal epochs or all at equal steps."""

    part: str
    """What it has and others made of the same rows have not, as part of a file's name; "" where it is alone."""
    unpruned: Row | None
    lines: Mapping[str, Sequence[Row]]
    """Rows by what pruned them, ratio by ratio."""
    styles: Mapping[str, int]
    """Number of each line, the same in every figure that was made of the same rows."""

    @property
    def rows(self) -> list[Row]:
        """Every row drawn, the unpruned one first."""
        pruned = [row for line in self.lines.values() for row in line]
        return [self.unpruned, *pruned] if self.unpruned else pruned

    def aside(self, label: str) -> float:
        """Points to the right of its ratios at which a line is drawn: bars of several at one ratio would hide each other,
        so they stand side by side around it."""
        last = max(self.styles.values())
        return (self.styles[label] - last / 2) * min(ASIDE, ALL_ASIDE / max(last, 1))

    @property
    def title(self) -> str:
        """Which runs these are, how they were trained, and how many."""
        row, [equal], rankings = self.rows[0], kinds_of_equal(self.rows), kinds_of_ranking(self.rows)
        known = [row["name"], row["method"], f"{row['prediction']} prediction", row["settings"]]
        stages = " + ".join(str(epochs) for epochs in (row["epochs"], row["stage2_epochs"]) if epochs)
        stages += " epoch" if stages == "1" else " epochs"
        how = [stages + " of the unpruned run" * (equal == "steps"), at_equal(equal), _seeds(self.rows)]
        how += [several(sum(row["n"] for row in self.rows), "run") + " in all"]
        how += [f"ranked by {rankings[0]}"] if len(rankings) == 1 else []
        return f"What pruning costs: {', '.join(part for part in known if part)}\n{', '.join(how)}"


def curves(rows: Sequence[Row]) -> list[Curves]:
    """The figures of these rows: one for each set, method, prediction, recipe, and what is equal, that has a pruned row."""
    told_apart = len(kinds_of_ranking(rows)) > 1
    found: dict[tuple[Any, ...], dict[str, list[Row]]] = {}
    for row in rows:
        if row["strategy"]:
            lines = found.setdefault(tuple(row[name] for name in SEPARATE), {})
            lines.setdefault(_label(row, told_apart), []).append(row)
    differing = [name for place, name in enumerate(SEPARATE) if len({key[place] for key in found}) > 1]
    styles = _styles(dict.fromkeys(chain.from_iterable(found.values())))
    drawn = []
    for key, lines in found.items():
        shared = dict(zip(SEPARATE, key))
        unpruned = (row for row in rows if {**shared, "strategy": None, "equal": None}.items() <= row.items())
        by_ratio = {label: sorted(line, key=lambda row: float(row["ratio"])) for label, line in lines.items()}
        part = _part(shared, differing)
        drawn.append(Curves(part=part, unpruned=next(unpruned, None), lines=by_ratio, styles=styles))
    return drawn


def _styles(labels: Collection[str]) -> dict[str, int]:
    """A number for each line; a matched control has that of what it is beside, where that is there."""
    own = {label: number for number, label in enumerate(label for label in labels if not label.startswith(LIKE))}
    like = {f"{LIKE}{control_of(label)}": number for label, number in own.items()}
    more = (label for label in labels if label.startswith(LIKE) and label not in like)
    alone = {label: len(own) + number for number, label in enumerate(more)}
    return {label: {**own, **like, **alone}[label] for label in labels}


def render(drawn: Curves, format: str) -> bytes:
    """The figure as a file of a format that Matplotlib writes, such as "png" or "pdf"; the same rows give the same bytes."""
    return as_file(figure(drawn), format)


def figure(drawn: Curves) -> Figure:
    """Panels of overall and balanced accuracy, head, middle and tail: percent against percent removed.

    Points are means over seeds, with a standard deviation to each side where there is one.
    """
    from matplotlib.figure import Figure

    made = Figure(figsize=(11, 7), dpi=150, layout="constrained")
    grid = made.subplots(2, 3, sharex=True, sharey="row")
    for measure, place in PLACES.items():
        _draw_panel(grid[place], drawn, measure)
    cut = False
    for row in (0, 1):
        grid[row, 0].set_ylabel("test accuracy (%)")
        cut |= not _start_at_zero(grid[row, 0])
    for axes in grid[1]:
        axes.set(xlabel="removed (%)", xlim=(0, 100))
    _explain(grid[LEGEND], grid[0, 0], drawn, cut)
    made.suptitle("\n".join(fill(line, WIDTH) for line in drawn.title.splitlines()), parse_math=False)
    return made


def _start_at_zero(axes: Axes) -> bool:
    """Let an axis of accuracies start at 0, a little below so that a zero is seen, and say whether it does: not where all
    are so near to each other that they could not be told apart then."""
    low, high = axes.get_ylim()
    if low >= high / 2:
        return False
    axes.set_ylim(bottom=min(low, -0.02 * high))
    return True


def _draw_panel(axes: Axes, drawn: Curves, measure: str) -> None:
    axes.set_title(measure)
    axes.grid(linewidth=0.5, alpha=0.4)
    if drawn.unpruned:
        _draw_unpruned(axes, drawn.unpruned, measure)
    for label, rows in drawn.lines.items():
        _draw_line(axes, rows, measure, label, drawn.styles[label], drawn.aside(label))
    if any(row["n"] for row in drawn.rows) and all(row[f"{measure}_mean"] is None for row in drawn.rows):
        axes.text(0.5, 0.5, "no test samples", transform=axes.transAxes, ha="center")


def _draw_unpruned(axes: Axes, row: Row, measure: str) -> None:
    mean, deviation = _percent([row], measure)
    axes.axhline(mean[0], color="black", linewidth=1, linestyle="--", label=pruned_by(row))
    if not np.isnan(deviation[0]):
        axes.axhspan(mean[0] - deviation[0], mean[0] + deviation[0], color="black", alpha=0.1, linewidth=0)


def _draw_line(axes: Axes, rows: Sequence[Row], measure: str, label: str, number: int, aside: float) -> None:
    from matplotlib.transforms import ScaledTranslation

    removed = np.array([100 * row["ratio"] for row in rows])
    style: dict[str, Any] = {"color": DRAWN[number % len(DRAWN)], "marker": MARKERS[number % len(MARKERS)], "markersize": 5}
    style |= {"linestyle": LINES[number // len(DRAWN) % len(LINES)], "linewidth": 1.2, "capsize": 2}
    style |= {"linestyle": ":", "markerfacecolor": "white"} if label.startswith(LIKE) else {}
    artists: list[Artist] = axes.errorbar(removed, *_percent(rows, measure), label=label, **style).get_children()
    if len(missing := removed[[row["n"] == 0 for row in rows]]):  # crosses on the axis, so that they do not look like zeros
        cross = {"color": style["color"], "marker": "x", "linestyle": "", "transform": axes.get_xaxis_transform()}
        artists += axes.plot(missing, np.zeros(len(missing)), clip_on=False, zorder=4, **cross)
    for artist in artists:
        artist.set_transform(artist.get_transform() + ScaledTranslation(aside / 72, 0, axes.figure.dpi_scale_trans))


def _percent(rows: Sequence[Row], measure: str) -> tuple[Array, Array]:
    """Mean and deviation, each float64 (n,), NaN where there is none."""
    values = [[row[f"{measure}_{what}"] for row in rows] for what in ("mean", "std")]
    mean, deviation = (np.array([np.nan if v is None else 100 * v for v in each], dtype=np.float64) for each in values)
    return mean, deviation


def _explain(axes: Axes, panel: Axes, drawn: Curves, cut: bool) -> None:
    """The legend, and what the signs mean, in a place without a panel."""
    axes.axis("off")
    handles, labels = panel.get_legend_handles_labels()
    style: dict[str, Any] = {"frameon": False, "alignment": "left"}
    style |= {"fontsize": "small", "labelspacing": 0.2} if len(labels) > 8 else {}
    legend = axes.legend(handles, labels, loc="upper left", title="pruned by", **style)
    said = [*_remarks(drawn), *(["an axis of accuracy does not start at 0"] if cut else [])]
    wrapped = [fill(each, REMARK, subsequent_indent="  ") for each in said]
    remarks = axes.text(0.02, 0.02, "\n".join(wrapped), transform=axes.transAxes, va="bottom", fontsize="small")
    for words in (legend, remarks):  # else long ones would take the room of the panels
        words.set_in_layout(False)


def _remarks(drawn: Curves) -> list[str]:
    remarks = ["points of one ratio stand side by side"] if len(drawn.lines) > 1 else []
    if any(label.startswith(LIKE) for label in drawn.lines):
        remarks.append(f"dotted, {LIKE}...: as many of each class, at random")
    if any(row["n"] > 1 for row in drawn.rows):
        remarks.append("bars, grey band: standard deviation over seeds")
    single = [row for row in drawn.rows if row["n"] == 1]
    if len(single) == len(drawn.rows):
        remarks.append("one run a point, so no deviation")
    elif single:
        remarks.append(f"one run, so no deviation: {_named(single)}")
    if missing := [row for row in drawn.rows if row["n"] == 0]:
        remarks.append(f"×: no result: {_named(missing)}")
    return remarks


def _named(rows: Sequence[Row]) -> str:
    shown = [f"{pruned_by(row)} {percent(row['ratio'], None)}" for row in rows[:3]]
    return ", ".join(shown) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")


def _seeds(rows: Sequence[Row]) -> str:
    """How many seeds have a result."""
    numbers = [row["n"] for row in rows if row["n"]] or [0]
    fewest, most = min(numbers), max(numbers)
    if most <= 1:
        return "one seed" if most else "no results"
    return f"mean of {most} seeds" if fewest == most else f"mean of {fewest} to {most} seeds"


def _label(row: Row, told_apart: bool) -> str:
    """What the legend calls a row's line; the ensembles are told where not all rows have the same."""
    return f"{pruned_by(row)} ({ranked_by(row)})" if told_apart and ranked_by(row) else pruned_by(row)


def _part(shared: Mapping[str, str], differing: Sequence[str]) -> str:
    """For example "mislas-equal-steps"."""
    words = {**shared, "equal": f"equal-{shared['equal']}"}
    return "-".join(re.sub(r"[^\w.=-]+", "-", words[name]) for name in differing if words[name])
