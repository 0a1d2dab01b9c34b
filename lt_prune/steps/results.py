"""Runs -> rows of means and deviations, and the figure of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from lt_prune.errors import ArgumentError, FileError
from lt_prune.figures.curves import curves, render
from lt_prune.given import expect_path, known_keywords
from lt_prune.planning.paths import GRID_END, say_passed_over
from lt_prune.reports.aggregate import Row, aggregate, each_run
from lt_prune.runs import PlannedRun, TrainResult
from lt_prune.store.output import put
from lt_prune.store.pictures import write_picture
from lt_prune.store.results import FAILURE, RESULT, STAGE_ONE, is_ours, read_failure, read_grid, read_result, was_ours
from lt_prune.store.rows import as_csv

WHOLE = "whole record of runs"
_OF_RUN = {RESULT: read_result, FAILURE: read_failure}


@known_keywords
def results(
    *places: Path | str, out: Path | str | None = None, runs: Path | str | None = None, overwrite: bool = False
) -> list[Row]:
    """Sum up runs: a row for those that differ in nothing but the seed.

    Args:
        places: folders, for every run below them; records of sweeps, for the runs they list; or result files. By default
            the folder runs/.
        out: CSV file to write the rows to.
        runs: CSV file to write the runs themselves to, a row each: what rows have, but seed, ensemble (the seed of what
            ranked it), reason of a failure and the measures instead of counts, means and deviations.
        overwrite: replace what `out` and `runs` hold.

    Returns:
        Rows of name, strategy, metric, keep, within, ratio, method, prediction, equal (what pruned runs have as many of as
        the unpruned ones, None for these), epochs and stage2_epochs (of the unpruned ones), settings (where recipes
        differ), ensembles (how many ranked the runs, 0 where none did), n, failed, missing (listed by a sweep, but not
        there), reasons of failures, and mean and sample standard deviation (ddof=1, None for one run) of head, middle,
        tail, overall, balanced, ece, as fractions, and seconds: head_mean, head_std, ...

    Raises:
        FileError: a place does not exist, a file is damaged, or there is no run.
        ArgumentError: `out` and `runs` are one file.
        MismatchError: `out` or `runs` holds something else.

    Example:
        >>> import lt_prune as lp
        >>> grid = lp.Grid(strategies=["random"], ratios=[0.5], seeds=[0, 1])
        >>> done = lp.sweep("digits", grid, epochs=1, model="resnet8")
        >>> [(row["strategy"], row["ratio"], row["n"]) for row in lp.results()]
        [(None, 0.0, 2), ('random', 0.5, 2)]
    """
    if out and runs and Path(out) == Path(runs):
        raise ArgumentError(f"out and runs would both be written to {out}: give one of them another name")
    found = runs_in(places)
    rows = aggregate(found)
    files = {}
    if out:
        files[Path(out)] = as_csv([_flat(row) for row in rows])
    if runs:
        files[Path(runs)] = as_csv(each_run(found))
    put(files, overwrite)
    return rows


def runs_in(places: Sequence[Path | str]) -> list[PlannedRun]:
    """Every run of places as `results` takes them: its result, else its failure, else what was planned.

    Raises:
        FileError: a place does not exist, a file is damaged, or there is no run.
    """
    for place in places:
        expect_path("a place of runs", place)
    runs: dict[Path, PlannedRun | None] = {}
    for place in map(Path, places or ("runs",)):
        for folder, planned in listed_runs(place).items():
            runs[folder] = runs.get(folder) or planned
    if not runs:
        raise FileError(f"there are no runs in {', '.join(map(str, places)) or 'runs'}: train some, or name their folder")
    return _each_once([state_of(folder, planned) for folder, planned in runs.items()])


def _each_once(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Runs of which none is another's copy: the same training in two folders, such as a copied one, is one run."""
    found: dict[str, PlannedRun] = {}
    for run in runs:
        key = json.dumps(asdict(run.spec), sort_keys=True, default=str)
        if key not in found or isinstance(run, TrainResult) > isinstance(found[key], TrainResult):
            found[key] = run
    return list(found.values())


@known_keywords
def plot_results(rows: Sequence[Row], out: Path | str = "results", *, overwrite: bool = False) -> tuple[str, ...]:
    """Draw rows of `results`: test accuracy against the fraction removed, overall, balanced, head, middle and tail.

    Points are means over seeds with a standard deviation to each side, a line what pruned; the unpruned runs are a
    horizontal line. What has no result is listed, and is no point. Each set, method, prediction and recipe has its own
    figure, and so have equal epochs and equal steps.

    Args:
        rows: as `results` returns them.
        out: path of the files without ending; what a figure is of is added where there are several.
        overwrite: replace what they hold.

    Returns:
        The files: for each figure PNG, PDF and, of its rows, CSV.

    Raises:
        ArgumentError: none of the rows is of a pruned set.
        MismatchError: a file holds something else.

    Example:
        >>> import lt_prune as lp
        >>> grid = lp.Grid(strategies=["random"], ratios=[0.5], seeds=[0, 1])
        >>> done = lp.sweep("digits", grid, epochs=1, model="resnet8")
        >>> lp.plot_results(lp.results())
        ('results.png', 'results.pdf', 'results.csv')
    """
    figures = curves(rows)
    if not figures:
        raise ArgumentError("a figure shows what pruning costs, and no run is on a pruned set: train some on subsets first")
    files: list[str] = []
    for drawn in figures:
        stem = f"{out}-{drawn.part}" if drawn.part else str(out)
        files += write_picture(stem, partial(render, drawn), [_flat(row) for row in drawn.rows], overwrite)
    return tuple(files)


def _flat(row: Row) -> Row:
    return {**row, "reasons": "; ".join(row["reasons"])}


def listed_runs(place: Path) -> dict[Path, PlannedRun | None]:
    """Folders of runs, each with what a sweep has planned for it; what is none of ours in a folder is passed over."""
    if place.is_dir():
        files = [file for name in (RESULT, FAILURE, f"*{GRID_END}") for file in sorted(place.rglob(name))]
        ours = {file: is_ours(file) for file in files}
        say_passed_over([file for file, own in ours.items() if not own], WHOLE)
        found: dict[Path, PlannedRun | None] = {
            file.parent: None
            for file, own in ours.items()
            if own and file.name in (RESULT, FAILURE)
            if file.parent.name != STAGE_ONE or file.parent == place  # it is a part of the run around it
        }
        for file, own in ours.items():
            if own and file.name.endswith(GRID_END):
                found |= read_grid(file)
        return found
    if place.is_file() and not was_ours(place):
        raise FileError(f"{place} is no {WHOLE} of ours: name a folder of runs, its {RESULT}, or the record of a sweep")
    if place.name in _OF_RUN:
        if place.is_file():
            _OF_RUN[place.name](place)  # which says what is wrong with it
        return {place.parent: None}
    return dict(read_grid(place))


def state_of(folder: Path, planned: PlannedRun | None) -> PlannedRun:
    """The run's result, else its failure, else what was planned."""
    if is_ours(folder / FAILURE) and not is_ours(folder / RESULT):
        return read_failure(folder / FAILURE)
    return planned if planned and not is_ours(folder / RESULT) else read_result(folder / RESULT)
