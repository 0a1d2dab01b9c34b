"""Results of a sweep -> how much can be pruned."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from lt_prune.choices import GROUPS
from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError
from lt_prune.figures.costs import costs_figure
from lt_prune.given import expect_one_of, expect_unread, keywords_of, known_kinds
from lt_prune.planning.recipes import check_names
from lt_prune.progress import Progress, no_progress
from lt_prune.reports.advice import Advice, advice_of
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.results import runs_in
from lt_prune.steps.within_hours import sweep_within
from lt_prune.store.pictures import write_picture


@known_kinds
def advise(
    *places: Path | str,
    tolerance: float = 1.0,
    group: Literal["head", "middle", "tail"] | None = None,
    data: Data | None = None,
    hours: float | None = None,
    figure: Path | str | None = None,
    compute: Compute | None = None,
    reading: Reading | None = None,
    out: Path | str = ".",
    overwrite: bool = False,
    progress: Progress = no_progress,
    **settings: Any,
) -> list[Advice]:
    """Say how much can be pruned: the largest ratio tried that loses no more accuracy than a tolerance, at 90% confidence.

    Pruned and unpruned runs are paired by seed. Of each ratio, from the smallest on, the mean difference and its deviation
    over seeds give an upper bound by Student's t; the first bound beyond the tolerance ends it, so that all ratios passed
    hold together at 90% (Hsu & Berger 1999), and strategies share the doubt (Bonferroni). Nothing is taken between ratios:
    where the runs cannot say, what is missing stands in place of a number. A monotone curve through the means (isotonic
    regression) is for the eye. `lt_prune.reports.costs` has the method.

    Accuracies are of held-out test samples, by which nothing was trained, scored or pruned. The confidence is over seeds, on
    these test samples and this recipe; a larger network, or other test samples, may lose more or less.

    Args:
        places: of runs, as for `results`: by default the folder runs/.
        tolerance: points (percent of the test samples) that may be lost against the unpruned runs.
        group: "head", "middle" or "tail": no more may be lost in it, either.
        data: with `hours`: what to run a sweep on, by default the digits.
        hours: plan and run a sweep that takes about so long here, in place of `places`: the default grid of `sweep`, up to
            10 seeds, and a cheap model and 30 epochs where `settings` do not say otherwise. What a run costs besides its
            epochs is measured by the first two, and no run begins after the hours.
        figure: draw the curves: path of the files without ending; of several advices, a number is added to it.
        compute, reading, out: as for `sweep`, with `hours`.
        overwrite: as for `sweep`, with `hours`; it is also of the figure.
        progress: as for `sweep`; without `hours` there is nothing to tell it.
        **settings: as for `sweep`, with `hours`.

    Returns:
        An advice for each set, method, prediction and recipe. `best` of it is the line that removes most, or None; each line
        has its `costs` by measure and ratio, the `ratio` advised or None, its `limit` or what is missing, and the share of
        training time `saved`.

    Raises:
        ArgumentError: the tolerance is below 0, the hours are no number or too few for two seeds, a group has no test
            samples, or what a sweep alone reads is given without hours.
        FileError: there are no runs, or a file is damaged.

    Example:
        >>> import lt_prune as lp
        >>> grid = lp.Grid(strategies=["random"], ratios=[0.5], seeds=[0, 1])
        >>> done = lp.sweep("digits", grid, epochs=1, model="resnet8")
        >>> [advice] = lp.advise(tolerance=5.0)
        >>> [(line.pruned_by, line.ratio) for line in advice.lines]
        [('random', None)]
    """
    if not tolerance >= 0:
        raise ArgumentError(f"tolerance must be points that may be lost, 0 or more, not {tolerance}")
    if hours is not None and not 0 < hours < math.inf:
        raise ArgumentError(f"hours must be a number above 0, not {hours}")
    if group is not None:
        expect_one_of("group", group, GROUPS)
    check_names(["ce"], None, settings, besides=keywords_of(advise))
    if hours is None:
        where = {"out": None if Path(out) == Path() else out, "overwrite": True if overwrite and figure is None else None}
        given = {"data": data, "compute": compute, "reading": reading, **where, **settings}
        expect_unread(given, "is for a sweep that is run for this: say for how long by hours")
        runs, took = runs_in(places), ""
    elif places:
        raise ArgumentError("results are named, and hours are for a sweep that is yet to be run: give one of the two")
    else:
        began = monotonic()
        how = {"compute": compute, "out": out, "overwrite": overwrite, "progress": progress}
        swept = sweep_within(hours, began, open_set("digits" if data is None else data, reading=reading), how, settings)
        runs, took = list(swept.runs), swept.said
    advices = [replace(advice, took=took) for advice in advice_of(runs, tolerance, group)]
    if not advices:
        raise ArgumentError("no run is on a pruned set, so there is nothing to advise by: sweep some ratios, or give hours")
    if figure is not None:
        _draw(advices, figure, overwrite)
    return advices


def figure_stems(figure: Path | str, number: int) -> list[str]:
    """The figures of so many advices without their endings, numbered where there are several."""
    return [f"{figure}-{place}" for place in range(1, number + 1)] if number > 1 else [str(figure)]


def _draw(advices: list[Advice], figure: Path | str, overwrite: bool) -> None:
    for advice, stem in zip(advices, figure_stems(figure, len(advices))):
        write_picture(stem, partial(costs_figure, advice), overwrite=overwrite)
