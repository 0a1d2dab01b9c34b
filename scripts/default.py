#!/usr/bin/env python
"""Which pruning should be the default, by the rule of docs/benchmark.md.

    .venv/bin/python scripts/default.py bench/curves/runs                  # all sets that are there
    .venv/bin/python scripts/default.py bench/curves/runs/digits-lt10-*/   # one of them

The figure of a candidate is its balanced test accuracy: the mean over seeds, then over ratios from 0.3 to 0.6, then over
sets. Candidates whose paired differences from the best are, over seeds, within two standard errors are level with it. Of
these, the one that needs least is the default: no scores before scores, then the smaller loss in the tail. Only those are
candidates that were run on every set, at every ratio and with every seed that all sets have; matched controls are none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from lt_prune.choices import EQUAL
from lt_prune.reports.words import pruned_by
from lt_prune.runs import TrainResult
from lt_prune.steps.results import runs_in
from lt_prune.types import CONTROL, Array

LEAST, MOST = 0.3, 0.6
MEASURES = ("balanced", "overall", "tail")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pruning, and what its runs reached in percent: float64 (seeds,) by measure, means over ratios and then over sets."""

    name: str
    needs_scores: bool
    reached: dict[str, Array]

    def figure(self, measure: str = "balanced") -> float:
        return float(self.reached[measure].mean())

    def behind(self, best: Candidate) -> tuple[float, float]:
        """Points of balanced accuracy that it is behind, and the standard error of that over seeds, NaN for one seed."""
        lost = best.reached["balanced"] - self.reached["balanced"]
        error = lost.std(ddof=1) / len(lost) ** 0.5 if len(lost) > 1 else np.nan
        return float(lost.mean()), float(error)

    def is_level(self, best: Candidate) -> bool:
        behind, error = self.behind(best)
        return behind <= 2 * (0 if np.isnan(error) else error)


def candidates(runs: Sequence[TrainResult]) -> list[Candidate]:
    """Those that were run on every set, at every ratio and with every seed that all sets have."""
    found: dict[tuple[str, bool], dict[tuple[str, float, int], TrainResult]] = defaultdict(dict)
    for run in runs:
        found[pruned_by(vars(run.spec)), run.metric is not None][run.name, run.ratio, run.seed] = run
    sets = {name: {run.seed for run in runs if run.name == name} for name in sorted({run.name for run in runs})}
    seeds = sorted(set.intersection(*sets.values()))
    grids = {name: sorted({run.ratio for run in runs if run.name == name}) for name in sets}
    places = [[[(name, ratio, seed) for seed in seeds] for ratio in ratios] for name, ratios in grids.items()]
    return [
        Candidate(name, scored, {measure: _means(places, by, measure) for measure in MEASURES})
        for (name, scored), by in found.items()
        if seeds and all(place in by for of_set in places for of_ratio in of_set for place in of_ratio)
    ]


def _means(
    places: list[list[list[tuple[str, float, int]]]], runs: dict[tuple[str, float, int], TrainResult], measure: str
) -> Array:
    sets = [
        np.array([[getattr(runs[place].evaluation, measure) for place in of_ratio] for of_ratio in each]) for each in places
    ]
    return 100 * np.mean([each.mean(axis=0) for each in sets], axis=0)


def ordered(found: Sequence[Candidate]) -> list[Candidate]:
    """The default first, then those level with the best, then the others."""
    if not found:
        return []
    best = max(found, key=Candidate.figure)
    level = sorted(
        (each for each in found if each.is_level(best)), key=lambda each: (each.needs_scores, -each.figure("tail"))
    )
    return level + sorted((each for each in found if not each.is_level(best)), key=lambda each: -each.figure())


def decisive(run: object, equal: str) -> bool:
    """Whether it is a run of a candidate at one of the ratios that count."""
    return (
        isinstance(run, TrainResult)
        and bool(run.strategy)
        and not str(run.strategy).startswith(CONTROL)
        and run.spec.equal == equal
        and LEAST <= run.ratio <= MOST
    )


@click.command(help=(__doc__ or "").split("\n")[0])
@click.argument("places", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--equal", type=click.Choice(EQUAL), default="epochs", show_default=True, help="Which runs; epochs decide.")
def main(places: tuple[Path, ...], equal: str) -> None:
    runs = [run for run in runs_in(places) if isinstance(run, TrainResult) and decisive(run, equal)]
    found = ordered(candidates(runs)) if runs else []
    if not found:
        where = f"at equal {equal}, between {LEAST:g} and {MOST:g} removed"
        raise click.UsageError(f"no pruning was run on all sets with the same seeds {where}")
    best, names = max(found, key=Candidate.figure), ", ".join(sorted({run.name for run in runs}))
    table = Table(box=None, pad_edge=False, title=f"{names}, at equal {equal} (%)")
    for name in ("pruning", *MEASURES, "behind the best", "standard error", "level"):
        table.add_column(name, justify="left" if name == "pruning" else "right")
    for each in found:
        figures = (*map(each.figure, MEASURES), *each.behind(best))
        table.add_row(each.name, *(f"{figure:.2f}" for figure in figures), "yes" if each.is_level(best) else "no")
    Console(width=140).print(table)
    click.echo(f"by the rule: {found[0].name}")


if __name__ == "__main__":
    main()
