"""Numbers of ours beside published ones: lines of a table, printed and as rows of a CSV file."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lt_prune.reports.paper import MEASURES, NETWORKS, Block
from lt_prune.reports.words import at_equal, kinds_of_ranking
from lt_prune.runs import Evaluation, FailedRun, PlannedRun, TrainResult
from lt_prune.types import SampleIndex, label_of


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number of ours, and the published one."""

    data: str
    row: str
    column: str
    equal: str = "epochs"
    """What our runs have as many of."""
    ours: tuple[float, ...] = ()
    """Percent, a value a seed."""
    paper: float | None = None
    """Percent."""
    paper_data: str = ""
    comparable: bool = True
    """Whether both are of the same data and classes."""
    note: str = ""

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.ours) if self.ours else None

    @property
    def deviation(self) -> float | None:
        """The sample's, None for a single value."""
        return statistics.stdev(self.ours) if len(self.ours) > 1 else None

    @property
    def variance(self) -> float | None:
        return None if self.deviation is None else self.deviation**2

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's."""
        if self.mean is None or self.paper is None or not self.comparable:
            return None
        return self.mean - self.paper

    @property
    def record(self) -> dict[str, Any]:
        """The line of a CSV file."""
        known = {name: getattr(self, name) for name in ("data", "row", "column", "equal", "paper_data")}
        figures = {name: getattr(self, name) for name in ("mean", "deviation", "variance", "paper", "difference")}
        shown = {name: "" if figure is None else f"{figure:.4f}" for name, figure in figures.items()}
        return {**known, "n": len(self.ours), **shown, "note": self.note}


@dataclass(frozen=True)
class Part:
    """What is printed as one table."""

    title: str
    heads: tuple[str, str]
    """What rows and columns of the published table are."""
    lines: list[Line]

    def printed(self) -> Group:
        """Title and table, for the terminal."""
        shown = Table(*self.heads, box=None, pad_edge=False)
        for head in ("ours", "paper", "difference", "n"):
            shown.add_column(head, justify="right", no_wrap=True)
        shown.add_column("")
        above = None
        for line in self.lines:
            row, above = "" if line.row == above else line.row, line.row
            figures = _mean(line), _number(line.paper), _number(line.difference, "+"), str(len(line.ours) or "")
            shown.add_row(row, line.column, *figures, escape(line.note))
        return Group(Text(self.title, style="bold"), shown, Text())


def beside(block: Block, index: SampleIndex, row: str, ours: Mapping[str, Sequence[float]], reason: str = "") -> list[Line]:
    """A row of ours beside the published one; `ours` by column, and the other arguments as for `cell_beside`."""
    columns = block.rows.get(row) or block.columns
    return [cell_beside(block, index, row, column, ours.get(column, ()), reason) for column in columns]


def cell_beside(block: Block, index: SampleIndex, row: str, column: str, ours: Sequence[float], reason: str = "") -> Line:
    """A number of ours beside the published one.

    Args:
        block: the published numbers; those of other data or other classes give no difference.
        index: what ours are on.
        row, column: by their names in the published table, which may lack it.
        ours: percent, a value a seed.
        reason: why there is none, or why seeds are missing.
    """
    paper = block.rows.get(row, {})
    return Line(
        data=index.name,
        row=row,
        column=column,
        ours=tuple(ours),
        paper=paper.get(column),
        paper_data=block.title,
        comparable=block.is_about(index.name) and block.same_classes(index, column),
        note=reason or ("" if paper else "not published"),
    )


def published_alone(block: Block, note: str) -> list[Line]:
    """Every number of a published table, of which we have none."""
    numbers = [(row, column, paper) for row, columns in block.rows.items() for column, paper in columns.items()]
    return [
        Line(data=block.data, row=row, column=column, paper=paper, paper_data=block.title, note=note)
        for row, column, paper in numbers
    ]


def by_pruning(figure: str, runs: Sequence[PlannedRun], rows: Sequence[dict[str, Any]]) -> Part:
    """The unpruned runs, then ratio by ratio of what pruned; none of it is published.

    Args:
        figure: what the part is called.
        runs: of a sweep.
        rows: what `aggregate` makes of them.
    """
    ranked = "".join(f", ranked by {kind}" for kind in kinds_of_ranking(rows))
    return Part(f"{figure}: {described(runs)}{ranked}", ("pruned by", "fraction"), list(_pruned(runs)))


def _pruned(runs: Sequence[PlannedRun]) -> Iterator[Line]:
    found: dict[tuple[str, float], list[PlannedRun]] = {}
    for run in runs:
        found.setdefault((label_of(run.strategy, run.metric) or "unpruned", run.ratio), []).append(run)
    equal = equal_of(runs)
    for (row, ratio), same in found.items():
        ours = percent([run.evaluation for run in same if isinstance(run, TrainResult)])
        note = reasons(same) or "not published"
        yield Line(data=same[0].name, row=row, column=f"{ratio:g}", equal=equal, ours=tuple(ours), note=note)


def percent(evaluations: Sequence[Evaluation], field: str = "overall") -> list[float]:
    """One measure of each test, where it is known."""
    return [100 * share for evaluation in evaluations if (share := getattr(evaluation, field)) is not None]


def by_column(evaluations: Sequence[Evaluation]) -> dict[str, list[float]]:
    """Percent by the paper's names of head, middle, tail and all."""
    return {name: percent(evaluations, field) for name, field in MEASURES.items()}


def reasons(runs: Sequence[PlannedRun]) -> str:
    """Why seeds are missing."""
    return "; ".join(f"seed {run.seed} failed: {run.reason}" for run in runs if isinstance(run, FailedRun))


def equal_of(runs: Sequence[PlannedRun]) -> str:
    """What the pruned runs have as many of as the unpruned one."""
    return next((run.spec.equal for run in runs if run.strategy), "epochs")


def described(runs: Sequence[PlannedRun]) -> str:
    """What a table of these runs shows; the recipe is that of the first stage of the first one."""
    recipe = (runs[0].spec.first or runs[0].spec).recipe
    return (
        f"accuracy (%) on {runs[0].name}, {recipe.model}, epochs: {recipe.epochs}, "
        f"recipe: {recipe.preset}, {at_equal(equal_of(runs))}"
    )


def described_beside(runs: Sequence[PlannedRun], block: Block) -> str:
    """The same, with what it is compared with."""
    other = "" if block.is_about(runs[0].name) else ", which is other data"
    return f"{described(runs)}, beside {block.title}{NETWORKS.get(block.data, '')}{other}"


def _mean(line: Line) -> str:
    deviation = "" if line.deviation is None else f"±{line.deviation:.2f}"
    return "not run" if line.mean is None else _number(line.mean) + deviation


def _number(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.2f}"
