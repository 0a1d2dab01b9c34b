"""Commands that compare trainings: run, sweep, results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lt_prune import choices
from lt_prune.cli.completing import a_strategy, lists_of, members_of
from lt_prune.cli.group import main
from lt_prune.cli.options import (
    assigned,
    common_options,
    data_option,
    device_option,
    ensemble_options,
    gathered,
    list_of,
    log_options,
    mix_option,
    options_of,
    overwrite_option,
    per_class_option,
    prediction_option,
    preset_option,
    read_options,
    seeds_of,
    several_options,
    training_options,
)
from lt_prune.cli.printing import held_out, print_result, say_wrote, warn
from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError, LtPruneError

if TYPE_CHECKING:
    from lt_prune.planning.grid import Grid

flow_options = options_of(
    ensemble_options,
    training_options,
    read_options,
    several_options,
    overwrite_option,
    click.option("--out", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write below."),
)
"""Of what goes from scores to trained runs by itself."""


@main.command()
@data_option
@click.option("--ratio", type=float, default=0.45, show_default=True, help="The fraction to REMOVE, in [0, 1).")
@click.option("--method", default="ce", shell_complete=members_of("methods"), show_default=True, help="Training method.")
@flow_options
@common_options
@per_class_option
@log_options
def run(
    data: str,
    method: str,
    assignments: tuple[str, ...],
    reading: Reading,
    per_class: bool,
    as_json: bool,
    log: Path | None,
    tensorboard: Path | None,
    **options: Any,
) -> None:
    """Build, score, prune in five ways, train on the whole set and on each subset, compare.

    \b
    Example: lt-prune run --data cifar10 --ratio 0.45 --epochs 100
    """
    from rich.console import Group

    import lt_prune as lp
    from lt_prune.progress import Beforehand
    from lt_prune.reports.by_class import classes_compared
    from lt_prune.reports.progress import shown_progress
    from lt_prune.reports.summary import compare_results
    from lt_prune.reports.tables import classes_tested_table, comparison_table

    options |= assigned(assignments, [method], None)
    with shown_progress(log, tensorboard) as progress:
        lt_set = lp.open_set(data, reading=reading)
        comparison = lp.run(lt_set, method=method, progress=Beforehand(progress, *held_out(lt_set.index)), **options)
    name, results, equal = comparison.name, comparison.results, comparison.equal
    said = {"name": name, "ratio_removed": comparison.ratio, "equal": equal, "rows": compare_results(results)}
    said |= {"files": list(comparison.files)}
    tables = [comparison_table(name, results, equal)]
    if per_class:
        classes = classes_compared(lt_set.index, results)
        said |= {"classes": classes}
        tables += [classes_tested_table(classes)]
    print_result(as_json, said, lambda: Group(*tables))
    say_wrote(*comparison.files)


@main.command()
@data_option
@click.option(
    "--strategies",
    shell_complete=lists_of(a_strategy),
    callback=list_of(str),
    default="random,class-random,equal+random,ranked",
    show_default=True,
    help="Pruning strategies, comma-separated.",
)
@click.option(
    "--metrics",
    shell_complete=lists_of(members_of("metrics")),
    callback=list_of(str),
    default="avh",
    show_default=True,
    help="What ranked ranks by; several too.",
)
@click.option(
    "--ratios",
    callback=list_of(float),
    default="0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
    show_default=True,
    help="Fractions to REMOVE, in [0, 1); 0 is always among them.",
)
@click.option(
    "--methods",
    shell_complete=lists_of(members_of("methods")),
    callback=list_of(str),
    default="ce",
    show_default=True,
    help="Training methods.",
)
@click.option(
    "--scores",
    type=click.Path(path_type=Path),
    help=f"Rank by these, such as those of another network, or {choices.PUBLISHED}: those that come with lt-prune.  "
    "[default: train an ensemble of the runs' own network]",
)
@click.option("--seeds", callback=seeds_of, default="0-4", show_default=True, help="Such as 0-4 or 0,1,2.")
@click.option("--keep", type=click.Choice(choices.KEEP), help="Which end ranked keeps.  [default: hard]")
@click.option("--within", type=click.Choice(choices.WITHIN), help="Rank over the set or within classes.  [default: set]")
@click.option(
    "--ensembles", type=int, default=1, show_default=True, help="1, for all seeds, or as many as seeds: one for each."
)
@click.option(
    "--controls", is_flag=True, help="Beside each that is not random, random samples, as many of each class: its control."
)
@flow_options
@gathered("grid")
@prediction_option
@preset_option
@device_option
@mix_option
@click.option("--dry-run", is_flag=True, help="Say what there is to train, and how long it takes; train nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@log_options
def sweep(
    data: str,
    grid: Grid,
    prediction: str | None,
    reading: Reading,
    as_json: bool,
    assignments: tuple[str, ...],
    log: Path | None,
    tensorboard: Path | None,
    **options: Any,
) -> None:
    """Train on every pruning of a grid: strategy x metric x ratio x method x seed, and on the whole set.

    Run again, it does what is missing. A run that fails is a row with its reason; the others go on. The rows printed are
    also drawn, beside the record of the grid.

    \b
    Example: lt-prune sweep --data cifar10 --strategies random,ranked --ratios 0.3,0.5 --seeds 0-2 --epochs 100
    """
    from dataclasses import asdict

    from rich.console import Group

    import lt_prune as lp
    from lt_prune.progress import Beforehand
    from lt_prune.reports.aggregate import aggregate
    from lt_prune.reports.progress import shown_progress
    from lt_prune.reports.tables import results_table

    options |= assigned(assignments, grid.methods, prediction)
    with shown_progress(log, tensorboard) as progress:
        lt_set = lp.open_set(data, reading=reading)
        told = held_out(lt_set.index)
        done = lp.sweep(lt_set, grid, prediction=prediction, progress=Beforehand(progress, *told), **options)
    rows = aggregate(done.runs)
    if options["dry_run"]:
        for sentence in told:
            click.echo(sentence, err=True)
        said = {"name": done.name, "rows": rows, "work": {**asdict(done.work), "seconds": done.work.seconds}}
        print_result(as_json, said, lambda: Group(results_table(rows), f"to train: {done.work}"))
        return
    # Beside its record, a grid's figure can be of that grid alone.
    figures = lp.plot_results(rows, done.figure, overwrite=True) if any(row["strategy"] for row in rows) else ()
    said = {"name": done.name, "rows": rows, "file": done.file, "figures": list(figures)}
    print_result(as_json, said, lambda: results_table(rows))
    say_wrote(done.file, *figures)
    if done.failures:
        raise LtPruneError(f"{len(done.failures)} of {len(done.runs)} runs failed; the same command tries them again")


@main.command()
@click.argument("places", nargs=-1, metavar="[FILE or FOLDER]...", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Also write the rows to this CSV file.")
@click.option("--runs", type=click.Path(path_type=Path), help="Also write each single run to this CSV file.")
@click.option("--figure", type=click.Path(path_type=Path), help="Also draw the rows: files, without ending.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def results(
    places: tuple[Path, ...], out: Path | None, runs: Path | None, figure: Path | None, overwrite: bool, as_json: bool
) -> None:
    """Sum up runs over their seeds: mean and standard deviation.  [default: all below runs/]

    A FILE is the record of a sweep, runs/NAME-sweep.json, or a result.json.

    \b
    Example: lt-prune results runs --out results.csv --figure accuracy
    """
    import lt_prune as lp
    from lt_prune.reports.tables import results_table
    from lt_prune.reports.warnings import results_warnings

    tables = [file for file in (out, runs, figure and Path(f"{figure}.csv")) if file]
    if twice := [file for file in tables if tables.count(file) > 1]:
        raise ArgumentError(f"two of --out, --runs and --figure would write {twice[0]}: give one of them another name")
    rows = lp.results(*places, out=out, runs=runs, overwrite=overwrite)
    drawn = lp.plot_results(rows, figure, overwrite=overwrite) if figure else ()
    for warning in results_warnings(rows):
        warn(warning)
    files = [*(str(file) for file in (out, runs) if file), *drawn]
    print_result(as_json, {"rows": rows, "files": files}, lambda: results_table(rows))
    if files:
        say_wrote(*files)
