"""The command that looks at the installation and the machine."""

from __future__ import annotations

from typing import Any

import click

from lt_prune.cli.completing import a_source
from lt_prune.cli.group import main
from lt_prune.cli.options import DATA_HELP, asked_for, device_option, read_options, recipe_options, several_options
from lt_prune.cli.printing import print_result


@main.command()
@click.option(
    "--data", shell_complete=a_source, help=f"Also say what scoring it would cost: {DATA_HELP[0].lower()}{DATA_HELP[1:]}"
)
@click.option("--members", type=int, default=10, show_default=True, help="Networks in the scoring ensemble.")
@recipe_options
@read_options
@device_option
@several_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def doctor(as_json: bool, **options: Any) -> None:
    """Say what there is to work with here: versions, extras, cores, memory, disk and devices.

    With --data, what `lt-prune score` of that set would cost in time and memory: one member is trained for three seconds to
    know, and nothing is kept of it. All other options but --json are those of that score.

    \b
    Example: lt-prune doctor --data digits
    """
    import lt_prune as lp
    from lt_prune.reports.doctor_table import doctor_table

    found = lp.doctor(**asked_for(options))
    print_result(as_json, found, lambda: doctor_table(found))
