"""A training on the whole set beside those on its subsets, as bars."""

from __future__ import annotations

from textwrap import fill

import numpy as np

from lt_prune.figures.style import COLOURS, as_file
from lt_prune.reports.summary import compare_results
from lt_prune.reports.words import at_equal
from lt_prune.runs import TrainResult
from lt_prune.types import GROUPS

WIDTH = 80
"""Letters that fit in a line of the title."""


def comparison_figure(name: str, results: tuple[TrainResult, ...], equal: str = "epochs") -> bytes:
    """PNG of the test accuracy of head, middle, tail and all, a bar a training set; `equal` is what they have as many of."""
    from matplotlib.figure import Figure

    rows, columns = compare_results(results), (*GROUPS, "overall")
    figure = Figure(figsize=(8, 4), dpi=150, layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(rows)
    for number, row in enumerate(rows):
        heights = [np.nan if row[column] is None else 100 * row[column] for column in columns]
        places = np.arange(len(columns)) + (number - (len(rows) - 1) / 2) * width
        label = f"{row['trained_on']} ({row['n_kept']:,})"
        axes.bar(places, heights, width, label=label, color=COLOURS[number % len(COLOURS)])
    axes.set_xticks(range(len(columns)), columns)
    axes.set_ylim(0, 100)
    axes.set_ylabel("test accuracy (%)")
    title = f"{name}: trained on the whole set and on pruned ones (samples kept), {at_equal(equal)}"
    figure.suptitle(fill(title, WIDTH), parse_math=False)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return as_file(figure, "png")
