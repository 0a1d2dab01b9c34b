"""How scores are distributed."""

from __future__ import annotations

import numpy as np

from lt_prune.figures.style import COLOURS, as_file
from lt_prune.types import GROUPS, ScoreSet

BINS = 30


def scores_figure(scores: ScoreSet, metric: str, format: str) -> bytes:
    """Histograms of the mean scores by a metric, of head, middle and tail: each as percent of its own samples."""
    from matplotlib.figure import Figure

    index, chosen = scores.index, scores.metric(metric)
    figure = Figure(figsize=(8, 4), dpi=150, layout="constrained")
    axes = figure.subplots()
    edges = np.histogram_bin_edges(chosen.mean.astype(np.float64), bins=BINS)
    for number, group in enumerate(GROUPS):
        own = chosen.mean[index.class_groups[index.labels] == number]
        if len(own):
            heights = 100 * np.histogram(own, bins=edges)[0] / len(own)
            axes.stairs(heights, edges, label=f"{group} ({len(own):,} samples)", color=COLOURS[number], linewidth=1.5)
    harder = "higher" if chosen.higher_is_harder else "lower"
    axes.set(xlabel=f"{metric} ({harder} is harder)", ylabel="samples of the group (%)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    figure.suptitle(repr(scores).strip("<>"), parse_math=False, wrap=True)
    return as_file(figure, format)
