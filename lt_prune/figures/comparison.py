"""A training on the whole set beside those on its subsets, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from lt_prune.figures.style import COLOURS, MARKERS, as_file, count_axis, mark_zeros
from lt_prune.percent import percent
from lt_prune.reports.summary import compare_results
from lt_prune.reports.words import at_equal, several
from lt_prune.runs import TrainResult
from lt_prune.types import GROUPS, label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 30
"""Up to so many classes have a marker each."""
WIDTH = 95
"""Letters that fit in a line of the title."""


def comparison_figure(name: str, results: tuple[TrainResult, ...], equal: str = "epochs") -> bytes:
    """PNG of the test accuracy of head, middle, tail and all, a bar a training set; `equal` is what they have as many of."""
    from matplotlib.figure import Figure

    rows, columns = compare_results(results), (*GROUPS, "overall")
    labels = [_label(result) for result in results]
    figure = Figure(figsize=(9, 7), dpi=150, layout="constrained")
    axes, counts = figure.subplots(2)
    width = 0.8 / len(rows)
    for number, (row, label) in enumerate(zip(rows, labels)):
        heights = np.array([np.nan if row[column] is None else 100 * row[column] for column in columns])
        places = np.arange(len(columns)) + (number - (len(rows) - 1) / 2) * width
        axes.bar(places, heights, width, label=label, color=COLOURS[number % len(COLOURS)])
        mark_zeros(axes, places, heights)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_ylim(0, 100)
    axes.set_ylabel("test accuracy (%)")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, title="trained on")
    _draw_counts(counts, results)
    epochs = several(results[0].spec.recipe.epochs, "epoch")
    title = f"{name}: trained on the whole set and on pruned ones, {at_equal(equal)}"
    how = f"{epochs} of the whole set's run, seed {results[0].seed}, one run a bar ({len(results)} in all), so no deviation"
    figure.suptitle("\n".join(fill(line, WIDTH) for line in (title, how)), parse_math=False)
    return as_file(figure, "png")


def _label(result: TrainResult) -> str:
    """What a run was trained on, and how many samples that is."""
    removed = f", {percent(result.ratio, None)} removed" if result.strategy else ""
    what = label_of(result.strategy, result.metric) if result.strategy else "whole set"
    return f"{what}{removed} ({result.n_train:,})"


def _draw_counts(axes: Axes, results: Sequence[TrainResult]) -> None:
    """Samples of each class, the largest of the whole set first, of each training set."""
    order = np.argsort(-np.array(results[0].class_counts), kind="stable")
    for number, result in enumerate(results):
        style: dict[str, Any] = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
        style |= {"linewidth": 1, "markersize": 4 if len(order) <= FEW else 0, "clip_on": False}
        axes.plot(np.arange(1, len(order) + 1), np.array(result.class_counts)[order], **style)
    count_axis(axes)
    axes.locator_params(axis="x", integer=True)
    axes.set(xlabel="rank of the class by decreasing count in the whole set", ylabel="training samples")
    axes.grid(axis="y", linewidth=0.5, alpha=0.4)
