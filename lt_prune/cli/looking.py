"""Commands that make something to look at: report, gallery."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from lt_prune import choices
from lt_prune.cli.completing import a_source, members_of
from lt_prune.cli.group import main
from lt_prune.cli.options import DATA_HELP, list_of, overwrite_option, read_options
from lt_prune.cli.printing import print_json, say_wrote

places_argument = click.argument("places", nargs=-1, metavar="[FILE or FOLDER]...", type=click.Path(path_type=Path))
look_data_option = click.option("--data", shell_complete=a_source, help=f"{DATA_HELP}  [default: what the files are of]")


@main.command()
@places_argument
@look_data_option
@read_options
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a line.")
@click.option(
    "--out", type=click.Path(path_type=Path), default="report.html", show_default=True, help="The page, one HTML file."
)
def report(places: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Write one HTML page of a set to look at: class counts, samples that go and stay, scores, runs, how it was made.

    A FILE is a set, scores, a subset, a result.json or the record of a sweep.  [default: all below sets/, scores/, subsets/
    and runs/]

    \b
    Example: lt-prune report --out report.html
    """
    import lt_prune as lp
    from lt_prune.reports.words import size

    written = lp.report(*places, **options)
    if as_json:
        print_json(asdict(written))
    else:
        shown = "with pictures" if written.pictures else "without pictures"
        click.echo(
            f"{written.file}: {size(written.n_bytes)}, {written.n_shown:,} of {written.n_samples:,} samples {shown}, "
            f"{len(written.scores):,} score files, {len(written.subsets):,} subsets, {written.n_runs:,} runs"
        )
    say_wrote(written.file)


@main.command()
@places_argument
@click.option("--sheet", type=click.Choice((*choices.SHEETS, "all")), default="all", show_default=True, help="What to show.")
@click.option(
    "--metric", shell_complete=members_of("metrics"), help="What is hard.  [default: avh, or the first that there is]"
)
@click.option("--classes", callback=list_of(str), help="Names of the classes to show, comma-separated.  [default: up to 20]")
@click.option("--columns", type=int, default=10, show_default=True, help="Pictures of a class, at most.")
@look_data_option
@read_options
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the ids of the samples shown.")
@click.option("--out", type=click.Path(path_type=Path), default="gallery", show_default=True, help="Files, without ending.")
def gallery(places: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Draw samples as contact sheets, PNG, a row a class: what goes, what stays, the hardest, the easiest, the doubtful.

    A FILE is a set, scores or a subset.  [default: all below sets/, scores/ and subsets/]

    \b
    Example: lt-prune gallery subsets/digits-lt10-ranked-avh-0.45.h5 scores --sheet removed
    """
    import lt_prune as lp

    drawn = lp.gallery(*places, **options)
    if as_json:
        print_json({"sheets": {name: asdict(each) for name, each in drawn.items()}})
    say_wrote(*(each.file for each in drawn.values()))
