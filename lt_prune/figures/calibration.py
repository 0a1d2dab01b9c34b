"""Reliability diagram: how often predictions are right, by how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np

from lt_prune.figures.style import COLOURS, as_file, count_axis, mark_zeros
from lt_prune.runs import Calibration
from lt_prune.types import Array

WIDTH = 56
"""Letters that fit in a line of the title."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """A reliability diagram (Guo et al. 2017, Fig. 1), with the number of samples of each bin below it."""

    title: str
    rows: tuple[dict[str, Any], ...]
    """One a bin, see `bin_rows`."""

    @property
    def series(self) -> Mapping[str, str]:
        """Every column drawn -> what the figure calls it."""
        return {"count": "test samples", "confidence": "mean confidence", "accuracy": "accuracy"}


def bin_rows(bins: Calibration) -> tuple[dict[str, Any], ...]:
    """Of each bin its number, the confidences that it is from (not included) and to, its test samples, how many of these
    are right, and mean confidence and accuracy, None where it is empty."""
    edges = np.linspace(0, 1, len(bins.count) + 1).tolist()
    values = zip(edges, edges[1:], bins.count, bins.right, bins.confidence, bins.accuracy)
    names = ("from", "to", "count", "right", "confidence", "accuracy")
    return tuple({"bin": number, **dict(zip(names, each))} for number, each in enumerate(values))


def reliability_figure(drawn: Reliability, format: str) -> bytes:
    """The figure as a file of a format that Matplotlib writes, such as "png" or "pdf"; the same rows give the same bytes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 6), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    middles, width = _percents(drawn, "from") / 2 + _percents(drawn, "to") / 2, 100 / len(drawn.rows)
    confidence, accuracy = _percents(drawn, "confidence"), _percents(drawn, "accuracy")
    upper.plot((0, 100), (0, 100), color="black", linestyle="--", linewidth=1, label="as sure as right")
    upper.bar(middles, accuracy, width, color=COLOURS[0], edgecolor="black", linewidth=0.5, label="accuracy")
    mark_zeros(upper, middles, accuracy)
    upper.plot(confidence, confidence, "o", color=COLOURS[1], markersize=4, label="mean confidence", clip_on=False)
    upper.set(xlim=(0, 100), ylim=(0, 100), ylabel="right (%)")
    upper.legend(loc="upper left", frameon=False)
    lower.bar(middles, [row["count"] for row in drawn.rows], width, color=COLOURS[4], edgecolor="black", linewidth=0.5)
    lower.set(xlabel="confidence (%)", ylabel="test samples")
    count_axis(lower)
    figure.suptitle("\n".join(fill(line, WIDTH) for line in drawn.title.splitlines()), parse_math=False, fontsize="medium")
    return as_file(figure, format)


def _percents(drawn: Reliability, column: str) -> Array:
    """float64 (B,), NaN where there is none."""
    return np.array([np.nan if row[column] is None else 100 * row[column] for row in drawn.rows], dtype=np.float64)
