"""What pruning costs against what was removed, with the bounds that an advice is given by."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from lt_prune.figures.style import COLOURS, LINES, MARKERS, as_file
from lt_prune.percent import percent
from lt_prune.reports.advice import Advice, Line
from lt_prune.reports.costs import CONFIDENCE, monotone
from lt_prune.reports.words import several

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 65
"""Letters of the title that fit above a panel."""


def costs_figure(advice: Advice, format: str) -> bytes:
    """Points lost against percent removed, a panel a measure and a line a strategy: means with their upper bounds, the
    monotone curve through them, and the tolerance."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(advice.measures) + 1, 5), dpi=150, layout="constrained")
    panels = figure.subplots(1, len(advice.measures), squeeze=False, sharey=True)[0]
    for axes, measure in zip(panels, advice.measures):
        axes.axhline(0, color="black", linewidth=0.8)
        axes.axhline(advice.tolerance, color="black", linewidth=0.8, linestyle=(0, (4, 3)), label="tolerance")
        for number, line in enumerate(advice.lines):
            _draw(axes, line, measure, number)
        mean, _, n = advice.unpruned.get(measure, (0.0, None, 0))
        whole = f"{percent(mean / 100)} over {several(n, 'seed')}" if n else "no run"
        axes.set_title(f"{measure} (unpruned: {whole})")
        axes.set(xlabel="removed (%)", xlim=(0, 100))
        axes.grid(linewidth=0.5, alpha=0.4)
    panels[0].set_ylabel("test accuracy lost (points)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    bars = f"bars: up to the {percent(CONFIDENCE, 0)} bound"
    what = f"What pruning costs: {advice.trained}. Points: means over seeds; {bars}; lines: monotone curves"
    figure.suptitle(fill(what, WIDTH * len(panels)), parse_math=False)
    return as_file(figure, format)


def _draw(axes: Axes, line: Line, measure: str, number: int) -> None:
    every = line.costs.get(measure, ())
    colour = COLOURS[number % len(COLOURS)]
    removed = [100 * cost.ratio + 0.6 * number for cost in every]
    up = [0.0 if cost.at_most is None else cost.at_most - cost.mean for cost in every]
    label = f"{line.pruned_by} ({_seeds([cost.n for cost in every])})"
    style: dict[str, Any] = {
        "color": colour,
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 5,
        "linestyle": "",
        "capsize": 2,
    }
    axes.errorbar(removed, [cost.mean for cost in every], [[0.0] * len(up), up], label=label, **style)
    axes.plot(
        [100 * cost.ratio for cost in every], monotone(every), color=colour, linestyle=LINES[number // len(COLOURS) % 4]
    )


def _seeds(numbers: Sequence[int]) -> str:
    fewest, most = min(numbers, default=0), max(numbers, default=0)
    if most <= 1:
        return "one seed, so no bound" if most else "no results"
    return f"{fewest} to {most} seeds" if fewest < most else f"{most} seeds"
