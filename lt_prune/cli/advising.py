"""The command that says how much can be pruned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lt_prune import choices
from lt_prune.cli.completing import a_source
from lt_prune.cli.group import main
from lt_prune.cli.options import (
    DATA_HELP,
    asked_for,
    device_option,
    overwrite_option,
    read_options,
    recipe_options,
    several_options,
)
from lt_prune.cli.printing import print_result, say_wrote


@main.command()
@click.argument("places", nargs=-1, metavar="[FILE or FOLDER]...", type=click.Path(path_type=Path))
@click.option("--tolerance", type=float, default=1.0, show_default=True, help="Points of accuracy that may be lost.")
@click.option("--group", type=click.Choice(choices.GROUPS), help="No more may be lost in it, either.  [default: none]")
@click.option("--hours", type=float, help="Plan and run a sweep that takes about so long, instead of reading results.")
@click.option(
    "--data", shell_complete=a_source, help=f"With --hours: {DATA_HELP[0].lower()}{DATA_HELP[1:]}  [default: digits]"
)
@click.option("--figure", type=click.Path(path_type=Path), help="Also draw the costs: files, without ending.")
@recipe_options
@read_options
@device_option
@several_options
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--out", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write below.")
def advise(places: tuple[Path, ...], figure: Path | None, as_json: bool, **options: Any) -> None:
    """Say how much can be pruned, from the results of a sweep.  [default: all below runs/]

    The largest ratio tried that loses no more than --tolerance points against unpruned runs of the same seeds, at 90%
    confidence, what time it saves, and the command that makes that subset; where the runs cannot say, what is missing.

    \b
    Example: lt-prune advise runs/digits-lt10-sweep.json --tolerance 1.0 --group tail
    """
    from rich.console import Group

    import lt_prune as lp
    from lt_prune.planning.commands import prune_command
    from lt_prune.reports.advice_table import advice_summary, advice_table
    from lt_prune.reports.progress import shown_progress
    from lt_prune.steps.advise import figure_stems

    with shown_progress() as progress:
        advices = lp.advise(*places, figure=figure, progress=progress, **asked_for(options))
    commands = [prune_command(each.best.run) if each.best and each.best.run else None for each in advices]
    said = {"advice": [advice_summary(*each) for each in zip(advices, commands)]}
    print_result(as_json, said, lambda: Group(*(advice_table(*each) for each in zip(advices, commands))))
    if figure:
        stems = figure_stems(figure, len(advices))
        say_wrote(*(f"{stem}.{ending}" for stem in stems for ending in ("png", "pdf")))
