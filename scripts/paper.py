"""The tables of Wang & Yan and their Figure 6 from our own runs, beside the published numbers.

    python scripts/paper.py table2                    # 3 seeds of 300 epochs: for a GPU
    python scripts/paper.py table2 --preset smoke     # tiny runs on digits, to see that it works
    python scripts/paper.py figure6 --data photos.h5 --epochs 60 --seeds 3

How to read it. Accuracies are percent, mean±standard deviation over n seeds; the difference is ours minus the paper's, and
is left empty where ours was measured on other data than the paper's. Published numbers are in paper.csv, beside this file.
Everything is written below --out; the same command again trains only what is missing, and tables share runs.
"""

from __future__ import annotations

import csv
import io
import math
import re
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

import lt_prune as lp
from lt_prune.figures.curves import curves, render
from lt_prune.methods.published import CLASSES
from lt_prune.planning.paths import run_path
from lt_prune.report.aggregate import aggregate
from lt_prune.report.progress import shown_progress
from lt_prune.report.words import kinds_of_ranking
from lt_prune.store.atomic import write_bytes

PUBLISHED = Path(__file__).with_suffix(".csv")
PLACES = {"CIFAR-10-LT": "cifar10-lt{}", "CIFAR-100-LT": "cifar100-lt{}", "ImageNet-LT": "folder:imagenet-lt"}
"""What to name as --data for the paper's sets, by imbalance."""
NETWORKS = {"ImageNet-LT": " by ResNet50"}
"""What the published numbers are of, where it is no CIFAR-style ResNet."""
GROUPS = {"CIFAR-10-LT": (3, 7), "CIFAR-100-LT": (36, 71), "ImageNet-LT": (390, 835)}
"""The paper's ends of head and starts of tail, which a set read from a folder may lack."""
MEASURES = {"head": "head", "mid": "middle", "tail": "tail", "all": "overall"}
"""Fields of an evaluation, by the paper's names."""

STAGES: dict[str, tuple[str, str | None]] = {
    "MiSLAS stage 1": ("mixup", "linear"),
    "L2A stage 1": ("mixup", "angular"),
    "MiSLAS stage 2": ("mislas", None),
    "L2A stage 2": ("l2a", None),
}
"""Method and prediction of a row; None where the prediction is the method's own."""
METHODS = {
    "Focal loss": ("focal", None),
    "CB loss": ("cb", None),
    "LWS": ("lws", None),
    **STAGES,
    "ABS": ("abs", None),
    "AEM": ("aem", None),
    "ALAS": ("alas", None),
    "ATL": ("atl", None),
}
RECIPES = {"imagenet-lt": {"epochs": 180, "batch_size": 256, "schedule": "cosine"}}
"""Settings of first stages on sets of these names, where they are not the library's defaults."""

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"data": None, "seeds": None, "first": {}, "second": {}, "pruning": {}},
    "smoke": {
        "data": "digits",
        "seeds": 1,
        "first": {"epochs": 5, "model": "resnet8"},
        "second": {"stage2_epochs": 1},
        "pruning": {"ratios": (0.3, 0.6), "members": 2, "score_epochs": 1},
    },
}
"""What a preset changes in the defaults of the library, which are the paper's."""


# The published numbers


@dataclass(frozen=True)
class Block:
    """What a published table says about one data set."""

    data: str
    imbalance: str
    rows: dict[str, dict[str, float]]
    """Numbers by row and column."""

    @property
    def title(self) -> str:
        return f"{self.data}, imbalance {self.imbalance}"

    @property
    def place(self) -> str:
        return PLACES[self.data].format(self.imbalance)

    @property
    def columns(self) -> list[str]:
        return list(next(iter(self.rows.values())))

    def is_about(self, name: str) -> bool:
        """Whether a set's name says that it is this data; one with another number of images (-n500) is not."""
        own = self.place.rpartition(":")[2]
        return bool(re.match(rf"{re.escape(own)}(?!-n\d)(-|$)", name))

    def same_classes(self, index: lp.SampleIndex, column: str) -> bool:
        """Whether what the paper means by head, middle or tail is what the set does."""
        return column not in ("head", "mid", "tail") or index.groups == GROUPS[self.data]

    def distance(self, index: lp.SampleIndex) -> tuple[float, float]:
        """How unlike a set is, by its number of classes, then by its imbalance, both compared as ratios."""
        imbalance = index.counts.max() / max(index.counts.min(), 1)
        classes, published = CLASSES[self.data], float(self.imbalance)
        return abs(math.log(index.n_classes / classes)), abs(math.log(imbalance / published))


def blocks_of(table: str) -> list[Block]:
    """The data sets of a published table, in its order."""
    found: dict[tuple[str, str], Block] = {}
    with PUBLISHED.open(newline="") as file:
        for line in csv.DictReader(file):
            if line["table"] == table:
                key = line["data"], line["imbalance"]
                block = found.setdefault(key, Block(*key, {}))
                block.rows.setdefault(line["row"], {})[line["column"]] = float(line["value"])
    return list(found.values())


# Ours beside them


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
    paper_data: str = ""
    comparable: bool = True
    """Whether both are of the same data and classes."""
    note: str = ""

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.ours) if self.ours else None

    @property
    def deviation(self) -> float | None:
        return statistics.stdev(self.ours) if len(self.ours) > 1 else None

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's."""
        if self.mean is None or self.paper is None or not self.comparable:
            return None
        return self.mean - self.paper

    @property
    def variance(self) -> float | None:
        return None if self.deviation is None else self.deviation**2

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
        shown = Table(*self.heads, box=None, pad_edge=False)
        for head in ("ours", "paper", "difference", "n"):
            shown.add_column(head, justify="right", no_wrap=True)
        shown.add_column("")
        above = None
        for line in self.lines:
            row, above = "" if line.row == above else line.row, line.row
            figures = mean_text(line), number(line.paper), number(line.difference, "+"), str(len(line.ours) or "")
            shown.add_row(row, line.column, *figures, escape(line.note))
        return Group(Text(self.title, style="bold"), shown, Text())


def mean_text(line: Line) -> str:
    deviation = "" if line.deviation is None else f"±{line.deviation:.2f}"
    return "not run" if line.mean is None else number(line.mean) + deviation


def number(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.2f}"


def beside(
    block: Block, index: lp.SampleIndex, row: str, ours: Mapping[str, Sequence[float]], reason: str = ""
) -> list[Line]:
    """A row of ours, by column, beside the published one; `reason` says why there is none, or why seeds are missing."""
    paper = block.rows.get(row, {})
    return [
        Line(
            data=index.name,
            row=row,
            column=column,
            ours=tuple(ours.get(column, ())),
            paper=paper.get(column),
            paper_data=block.title,
            comparable=block.is_about(index.name) and block.same_classes(index, column),
            note=reason or ("" if paper else "not published"),
        )
        for column in (paper or block.columns)
    ]


# Our runs


@dataclass(frozen=True, kw_only=True)
class Study:
    """What the options ask for."""

    data: str | None
    seeds: int | None
    out: Path
    download: bool
    first: dict[str, Any]
    """Settings of first stages that differ from the paper's."""
    second: dict[str, Any]
    """Settings of second stages."""
    pruning: dict[str, Any]
    """Ratios and scoring of Figure 6."""
    equal: str = "epochs"
    """What the pruned runs of Figure 6 have as many of as the unpruned ones."""
    failures: list[lp.FailedRun] = field(default_factory=list)
    """Runs without a result, of all sweeps so far."""

    def sets(self, names: Sequence[str]) -> list[lp.LongTailedSet]:
        """The set of --data, else those of these names."""
        return [
            lp.open_set(name, reading=lp.Reading(download=self.download)) for name in ([self.data] if self.data else names)
        ]

    def file(self, name: str, ending: str) -> Path:
        """Where a table or a figure is written; what is at equal steps has names of its own."""
        return self.out / f"{name}{'' if self.equal == 'epochs' else f'-equal-{self.equal}'}.{ending}"

    def blocks(self, table: str) -> list[tuple[lp.LongTailedSet, Block]]:
        """Each set to train on, with the published numbers on the same data, else on the data most alike."""
        blocks = blocks_of(table)

        def unlike(block: Block, index: lp.SampleIndex) -> tuple[bool, tuple[float, float]]:
            return not block.is_about(index.name), block.distance(index)

        return [
            (data, min(blocks, key=lambda block: unlike(block, data.index)))
            for data in self.sets([block.place for block in blocks])
        ]

    def first_stage(self, data: lp.LongTailedSet) -> dict[str, Any]:
        """Settings of first stages."""
        return {**RECIPES.get(data.index.name, {}), **self.first}

    def sweep(self, data: lp.LongTailedSet, *, n_seeds: int = 3, **options: Any) -> Runs:
        """The runs of a grid; `n_seeds` is how many seeds the paper takes."""
        with shown_progress() as progress:
            seeds = range(n_seeds if self.seeds is None else self.seeds)
            done = lp.sweep(data, seeds=seeds, out=self.out, progress=progress, **options)
        self.failures.extend(done.failures)
        return Runs(data, self.out, done)

    def train(self, data: lp.LongTailedSet, methods: Sequence[str], **settings: Any) -> Runs:
        """Runs on the whole set."""
        return self.sweep(data, methods=methods, strategies=["random"], ratios=[0], **settings)


@dataclass(frozen=True)
class Runs:
    """The runs of a sweep, and where they are."""

    data: lp.LongTailedSet
    root: Path
    done: lp.Sweep

    @property
    def title(self) -> str:
        run = self.done.runs[0]
        recipe = (run.spec.first or run.spec).recipe
        return (
            f"accuracy (%) on {run.name}, {recipe.model}, epochs: {recipe.epochs}, "
            f"recipe: {recipe.preset}, at equal {self.equal}"
        )

    @property
    def equal(self) -> str:
        """What the pruned runs have as many of as the unpruned one."""
        return next((run.spec.equal for run in self.done.runs if run.strategy), "epochs")

    def beside(self, block: Block) -> str:
        """The title with what it is compared with."""
        other = "" if block.is_about(self.done.name) else ", which is other data"
        return f"{self.title}, beside {block.title}{NETWORKS.get(block.data, '')}{other}"

    def of(self, method: str) -> list[lp.TrainResult]:
        return [run for run in self.done.runs if isinstance(run, lp.TrainResult) and run.method == method]

    def folder(self, run: lp.TrainResult) -> Path:
        """Where a run on the whole set is."""
        return self.root / run_path(run.name, run.method, run.seed)

    def failures(self, method: str) -> str:
        return reasons([run for run in self.done.runs if run.method == method])

    def tested(self, method: str, prediction: str | None) -> dict[str, list[float]]:
        """Accuracies by the paper's names, a value a seed."""
        every = [run.evaluation for run in self.of(method)]
        if prediction:
            every = [lp.evaluate(self.folder(run), self.data, prediction=prediction) for run in self.of(method)]
        return {name: percent(every, field) for name, field in MEASURES.items()}


def reasons(runs: Sequence[lp.PlannedRun]) -> str:
    """Why seeds are missing."""
    return "; ".join(f"seed {run.seed} failed: {run.reason}" for run in runs if isinstance(run, lp.FailedRun))


def percent(evaluations: Sequence[lp.Evaluation], field: str = "overall") -> list[float]:
    return [100 * share for evaluation in evaluations if (share := getattr(evaluation, field)) is not None]


# The program


class Program(click.Group):
    """A group that ends as lt-prune does where lt_prune cannot do what is asked for."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except lp.LtPruneError as error:
            click.echo(f"Error: {error}", err=True)
            context.exit(error.exit_code)


OPTIONS = (
    click.option("--data", help="One set instead of the paper's: a set file, or a source such as digits."),
    click.option("--epochs", type=int, help="Epochs of a first stage.  [default: the paper's]"),
    click.option(
        "--recipe",
        type=click.Choice(("paper", "released")),
        help="Whose epochs and weight decay: the paper's, or its first author's code's.  [default: paper]",
    ),
    click.option("--seeds", type=int, help="Number of seeds.  [default: the paper's, 3, or 5 for figure6]"),
    click.option("--preset", type=click.Choice(list(PRESETS)), default="paper", show_default=True, help="How much is run."),
    click.option("--out", type=click.Path(path_type=Path), default="paper", show_default=True, help="Folder of everything."),
    click.option("--csv", "file", type=click.Path(path_type=Path), help="Figures as CSV.  [default: OUT/TABLE.csv]"),
    click.option("--download", is_flag=True, help="Fetch the sets that can be and are not there."),
)


def studied(
    preset: str, data: str | None, epochs: int | None, recipe: str | None, seeds: int | None, **others: Any
) -> Study:
    chosen = PRESETS[preset]
    asked = {"epochs": epochs, "recipe": recipe}
    first = {**chosen["first"], **{name: value for name, value in asked.items() if value is not None}}
    given = {"data": data or chosen["data"], "seeds": chosen["seeds"] if seeds is None else seeds, "first": first}
    return Study(**{**chosen, **given}, **others)


def show(study: Study, parts: Iterator[Part], file: Path) -> None:
    """Print part by part, and keep all so far in the CSV file."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    lines: list[Line] = []
    for part in parts:
        lines += part.lines
        console.print(part.printed())
        write_bytes(file, as_csv(lines))
    click.echo(f"wrote {file}", err=True)
    if study.failures:
        raise lp.LtPruneError(f"runs without a result: {len(study.failures)}; the same command tries them again")


def as_csv(lines: Sequence[Line]) -> bytes:
    memory = io.StringIO()
    writer = csv.DictWriter(memory, list(lines[0].record), lineterminator="\n")
    writer.writeheader()
    writer.writerows(line.record for line in lines)
    return memory.getvalue().encode()


@click.group(cls=Program, help=__doc__.partition("\n")[0] if __doc__ else None)
def main() -> None:
    pass


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def subcommand(parts: Callable[[Study], Iterator[Part]]) -> Callable[[Study], Iterator[Part]]:
    """Make a subcommand of what yields the parts to show."""
    name = parts.__name__

    @main.command(name, help=parts.__doc__)
    @common
    @wraps(parts)  # which keeps options of its own
    def run(file: Path | None, **options: Any) -> None:
        study = studied(**options)
        show(study, parts(study), file or study.file(name, "csv"))

    return parts


# The tables


def by_method(study: Study, table: str, ways: Mapping[str, tuple[str, str | None]]) -> Iterator[Part]:
    """A row for each method of a published table and of `ways`, which says how it is run and tested."""
    for data, block in study.blocks(table):
        settings = {**study.first_stage(data), **study.second}
        runs = study.train(data, list(dict.fromkeys(method for method, _ in ways.values())), **settings)
        lines = []
        for row in dict.fromkeys([*block.rows, *ways]):
            method, prediction = ways.get(row, ("", None))
            ours = runs.tested(method, prediction) if method else {}
            reason = runs.failures(method) if method else "no implementation"
            lines += beside(block, data.index, row, ours, reason)
        yield Part(f"{table}: {runs.beside(block)}", ("method", "classes"), lines)


@subcommand
def table1(study: Study) -> Iterator[Part]:
    """Both stages, linear and angular: CIFAR-10-LT and CIFAR-100-LT at imbalance 100, 50 and 10."""
    return by_method(study, "table1", STAGES)


@subcommand
def table2(study: Study) -> Iterator[Part]:
    """All methods: CIFAR-10-LT and CIFAR-100-LT at imbalance 100."""
    return by_method(study, "table2", METHODS)


@subcommand
def table3(study: Study) -> Iterator[Part]:
    """All methods: ImageNet-LT, a folder imagenet-lt, by a CIFAR-style ResNet (the paper's is a ResNet50)."""
    return by_method(study, "table3", METHODS)


@subcommand
def table4(study: Study) -> Iterator[Part]:
    """Fine-tuned vision transformers on ImageNet-LT: the published numbers alone, as there is no trainer of these here."""
    for block in blocks_of("table4"):
        common: dict[str, Any] = {"data": block.data, "paper_data": block.title, "note": "no trainer of vision transformers"}
        numbers = [(row, column, paper) for row, columns in block.rows.items() for column, paper in columns.items()]
        lines = [Line(row=row, column=column, paper=paper, **common) for row, column, paper in numbers]
        yield Part(f"table4: {block.title}", ("network", "classes"), lines)


@subcommand
def table5(study: Study) -> Iterator[Part]:
    """ABS by its strength s, on the networks of MiSLAS's first stage."""
    for data, block in study.blocks("table5"):
        runs = study.train(data, ["mixup"], **study.first_stage(data))
        lines = []
        for form, paper in block.rows.items():
            strengths = [float(column) for column in paper]
            every = [lp.evaluate_abs(runs.folder(run), data, s=strengths, abs_form=form) for run in runs.of("mixup")]
            ours = {column: percent([found[s] for found in every]) for column, s in zip(paper, strengths)}
            lines += beside(block, data.index, form, ours, runs.failures("mixup"))
        yield Part(f"table5, ABS: {runs.beside(block)}", ("form", "s"), lines)


@subcommand
def table6(study: Study) -> Iterator[Part]:
    """ALAS by its rate tau and its form, from one first stage a seed."""
    for data, block in study.blocks("table6"):
        runs = study.train(data, ["mixup"], **study.first_stage(data))
        lines = []
        for form, paper in block.rows.items():
            ours = {column: percent(alas(study, runs, form, float(column))) for column in paper}
            lines += beside(block, data.index, form, ours, runs.failures("mixup"))
        yield Part(f"table6, ALAS: {runs.beside(block)}", ("form", "tau"), lines)


def alas(study: Study, runs: Runs, form: str, tau: float) -> list[lp.Evaluation]:
    """ALAS upon each seed's network of the first stage."""
    found = []
    for run in runs.of("mixup"):
        out = study.out / run_path(run.name, f"alas-{form}-{tau:g}", run.seed)
        settings = {"seed": run.seed, "tau": tau, "alas_form": form, **study.second}
        with shown_progress() as progress:
            result = lp.train(runs.data, method="alas", from_run=runs.folder(run), out=out, progress=progress, **settings)
        found.append(result.evaluation)
    return found


@subcommand
@click.option(
    "--equal",
    type=click.Choice(("epochs", "steps")),
    default="epochs",
    show_default=True,
    help="What pruned runs have as many of as unpruned ones.",
)
def figure6(study: Study) -> Iterator[Part]:
    """Accuracy against the fraction pruned, four strategies: CIFAR-10-LT and CIFAR-100-LT at imbalance 100, 5 seeds.

    Trained by cross-entropy. The paper gives no numbers for it. Also draws it: figure6.png and .pdf, one for each set.
    """
    rows: list[dict[str, Any]] = []
    for data in study.sets(["cifar10-lt100", "cifar100-lt100"]):
        strategies, metrics = ("random", "class-random", "ranked"), ("el2n", "avh")
        settings = {**study.first_stage(data), **study.pruning, "equal": study.equal}
        runs = study.sweep(data, n_seeds=5, strategies=strategies, metrics=metrics, **settings)
        own = aggregate(runs.done.runs)
        rows += own
        ranked = "".join(f", ranked by {kind}" for kind in kinds_of_ranking(own))
        yield Part(f"figure6: {runs.title}{ranked}", ("pruned by", "fraction"), list(points(runs)))
    for drawn in curves(rows):
        for kind in ("png", "pdf"):
            file = study.file(f"figure6-{drawn.part}" if drawn.part else "figure6", kind)
            write_bytes(file, render(drawn, kind))
            click.echo(f"wrote {file}", err=True)


def points(runs: Runs) -> Iterator[Line]:
    """The unpruned runs, then ratio by ratio of each strategy."""
    found: dict[tuple[str, float], list[lp.PlannedRun]] = {}
    for run in runs.done.runs:
        found.setdefault((run.metric or run.strategy or "unpruned", run.ratio), []).append(run)
    for (label, ratio), same in found.items():
        ours = percent([run.evaluation for run in same if isinstance(run, lp.TrainResult)])
        known: dict[str, Any] = {"data": runs.done.name, "row": label, "column": f"{ratio:g}", "equal": runs.equal}
        yield Line(**known, ours=tuple(ours), note=reasons(same) or "not published")


if __name__ == "__main__":
    main()
