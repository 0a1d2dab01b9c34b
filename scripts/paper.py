"""The tables of Wang & Yan and their Figure 6 from our own runs, beside the published numbers.

    .venv/bin/python scripts/paper.py table2                    # 3 seeds of 300 epochs: for a GPU
    .venv/bin/python scripts/paper.py table2 --preset smoke     # tiny runs on digits, to see that it works
    .venv/bin/python scripts/paper.py figure6 --data photos.h5 --epochs 60 --seeds 3

How to read it. Accuracies are percent, mean±standard deviation over n seeds; the difference is ours minus the paper's, and
is left empty where ours was measured on other data than the paper's. Published numbers are in lt_prune/reports/paper.csv.
Everything is written below --out; the same command again trains only what is missing, and tables share runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

import lt_prune as lp
from lt_prune.cli.group import Commands
from lt_prune.cli.options import device_option, equal_option, gathered, options_of, preset_option, several_options
from lt_prune.figures.curves import curves, render
from lt_prune.reports.aggregate import aggregate
from lt_prune.reports.beside import Line, Part, by_pruning, published_alone
from lt_prune.reports.paper import METHODS, RECIPES, STAGES, Ways, blocks_of
from lt_prune.reports.progress import shown_progress
from lt_prune.steps.paper_tables import alas_variants, by_method, by_rate, by_strength, methods_of, sets_beside
from lt_prune.steps.whole import train_methods, train_variants
from lt_prune.store.atomic import write_bytes
from lt_prune.store.pictures import write_picture
from lt_prune.store.rows import as_csv

SMALL_GRID = {"ratios": (0.3, 0.6), "members": 2, "score_epochs": 1}
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "smoke": {"data": "digits", "seeds": 1, "epochs": 5, "model": "resnet8", "stage2_epochs": 1, "pruning": SMALL_GRID},
}
"""What a preset changes in the defaults of the library, which are the paper's."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What the options ask for; None stands for the paper's."""

    data: str | None = None
    seeds: int | None = None
    epochs: int | None = None
    model: str | None = None
    recipe: str | None = None
    stage2_epochs: int | None = None
    methods: str | None = None
    """Separated by commas."""
    pruning: Mapping[str, Any] = field(default_factory=dict)
    """Ratios and scoring of Figure 6."""
    equal: str = "epochs"
    """What the pruned runs of Figure 6 have as many of as the unpruned ones."""
    compute: lp.Compute
    reading: lp.Reading
    out: Path
    failures: list[lp.FailedRun] = field(default_factory=list)
    """Runs without a result, so far."""

    def file(self, name: str) -> Path:
        """A table or a figure without its ending; what is at equal steps has names of its own."""
        return self.out / (name if self.equal == "epochs" else f"{name}-equal-{self.equal}")

    def run(self, step: Callable[..., Any], data: lp.LongTailedSet, *what: Any, n_seeds: int = 3, **options: Any) -> Any:
        """Train by a step, and show its progress; `n_seeds` is how many seeds the paper takes."""
        first = {"epochs": self.epochs, "model": self.model, "recipe": self.recipe}
        asked = {name: value for name, value in first.items() if value is not None}
        common = {"compute": self.compute, "out": self.out, **RECIPES.get(data.index.name, {}), **asked}
        seeds = range(n_seeds if self.seeds is None else self.seeds)
        with shown_progress() as progress:
            done = step(data, *what, seeds=seeds, progress=progress, **common, **options)
        self.failures.extend(done.failures)
        return done

    def sweep(self, data: lp.LongTailedSet, *, seeds: Sequence[int], **options: Any) -> lp.Sweep:
        """The grid of Figure 6."""
        grid = lp.Grid(metrics=("el2n", "avh"), seeds=seeds, **self.pruning)
        return lp.sweep(data, grid, equal=self.equal, **options)

    def run_both(self, step: Callable[..., Any], data: lp.LongTailedSet, *what: Any) -> Any:
        """The same for methods of two stages."""
        return self.run(step, data, *what, stage2_epochs=self.stage2_epochs)


common = options_of(
    click.option("--data", help="One set instead of the paper's: a set file, or a source such as digits."),
    click.option("--epochs", type=int, help="Epochs of a first stage.  [default: the paper's]"),
    click.option("--model", help="Network, see `lt-prune train --help`.  [default: resnet32]"),
    preset_option,
    click.option("--seeds", type=int, help="Number of seeds.  [default: the paper's, 3, or 5 for figure6]"),
    click.option("--preset", type=click.Choice(list(PRESETS)), default="paper", show_default=True, help="How much is run."),
    device_option,
    several_options,
    click.option("--out", type=click.Path(path_type=Path), default="paper", show_default=True, help="Folder of everything."),
    click.option("--csv", "file", type=click.Path(path_type=Path), help="Figures as CSV.  [default: OUT/TABLE.csv]"),
    click.option("--download", is_flag=True, help="Fetch the sets that can be and are not there."),
    gathered("reading"),
)
second_option = click.option("--stage2-epochs", type=int, help="Epochs of a second stage.  [default: the method's]")
methods_option = click.option("--methods", help="Train these alone, separated by commas.  [default: all of the table]")


def show(study: Study, parts: Iterator[Part], file: Path) -> None:
    """Print part by part, and keep all so far in the CSV file."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    lines: list[Line] = []
    for part in parts:
        lines += part.lines
        console.print(part.printed())
        write_bytes(file, as_csv([line.record for line in lines]))
    click.echo(f"wrote {file}", err=True)
    if study.failures:
        raise lp.LtPruneError(f"runs without a result: {len(study.failures)}; the same command tries them again")


main = Commands("paper", help=(__doc__ or "").partition("\n")[0], context_settings={"help_option_names": ["-h", "--help"]})


def subcommand(*own: Callable[[Any], Any]) -> Callable[[Callable[[Study], Iterator[Part]]], Callable[..., None]]:
    """Make a subcommand, with options of its own, of what yields the parts to show."""

    def made(parts: Callable[[Study], Iterator[Part]]) -> Callable[..., None]:
        def run(file: Path | None, preset: str, **options: Any) -> None:
            study = Study(**{**PRESETS[preset], **{name: value for name, value in options.items() if value is not None}})
            show(study, parts(study), file or study.file(parts.__name__).with_suffix(".csv"))

        return main.command(parts.__name__, help=parts.__doc__)(options_of(*own, common)(run))

    return made


def methods_table(study: Study, table: str, ways: Ways) -> Iterator[Part]:
    chosen = None if study.methods is None else study.methods.split(",")
    for data, block in sets_beside(table, study.data, study.reading):
        yield by_method(table, block, ways, study.run_both(train_methods, data, methods_of(ways, data, study.model, chosen)))


@subcommand(second_option, methods_option)
def table1(study: Study) -> Iterator[Part]:
    """Both stages, linear and angular: CIFAR-10-LT and CIFAR-100-LT at imbalance 100, 50 and 10."""
    return methods_table(study, "table1", STAGES)


@subcommand(second_option, methods_option)
def table2(study: Study) -> Iterator[Part]:
    """All methods: CIFAR-10-LT and CIFAR-100-LT at imbalance 100."""
    return methods_table(study, "table2", METHODS)


@subcommand(second_option, methods_option)
def table3(study: Study) -> Iterator[Part]:
    """All methods: ImageNet-LT, a folder imagenet-lt, by a CIFAR-style ResNet (the paper's is a ResNet50)."""
    return methods_table(study, "table3", METHODS)


@subcommand()
def table4(study: Study) -> Iterator[Part]:
    """Fine-tuned vision transformers on ImageNet-LT: the published numbers alone, as there is no trainer of these here."""
    for block in blocks_of("table4"):
        lines = published_alone(block, "no trainer of vision transformers")
        yield Part(f"table4: {block.title}", ("network", "classes"), lines)


@subcommand()
def table5(study: Study) -> Iterator[Part]:
    """ABS by its strength s, on the networks of MiSLAS's first stage."""
    for data, block in sets_beside("table5", study.data, study.reading):
        yield by_strength("table5", block, study.run(train_methods, data, ["mixup"]))


@subcommand(second_option)
def table6(study: Study) -> Iterator[Part]:
    """ALAS by its rate tau and its form, from one first stage a seed."""
    for data, block in sets_beside("table6", study.data, study.reading):
        yield by_rate("table6", block, study.run_both(train_variants, data, alas_variants(block)))


@subcommand(equal_option)
def figure6(study: Study) -> Iterator[Part]:
    """Accuracy against the fraction pruned, four strategies: CIFAR-10-LT and CIFAR-100-LT at imbalance 100, 5 seeds.

    Trained by cross-entropy. The paper gives no numbers for it. Also draws it: figure6.png and .pdf, one for each set.
    """
    rows: list[dict[str, Any]] = []
    sources = [study.data] if study.data else ["cifar10-lt100", "cifar100-lt100"]
    for data in [lp.open_set(source, reading=study.reading) for source in sources]:  # what is missing is told at once
        runs = study.run(study.sweep, data, n_seeds=5).runs
        own = aggregate(runs)
        rows += own
        yield by_pruning("figure6", runs, own)
    for drawn in curves(rows):
        stem = study.file(f"figure6-{drawn.part}" if drawn.part else "figure6")
        for file in write_picture(stem, partial(render, drawn), overwrite=True):
            click.echo(f"wrote {file}", err=True)


if __name__ == "__main__":
    main()
