"""The command that lists what there is to choose from."""

from __future__ import annotations

import click

from lt_prune import choices
from lt_prune.cli.group import main
from lt_prune.cli.printing import print_result


@main.command("list")
@click.argument("family", type=click.Choice(choices.FAMILIES))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def list_members(family: str, as_json: bool) -> None:
    """List what there is of a family, a line each: what it is, what it needs, its settings, and its paper.

    Members of other packages are among them; one that cannot be used says why.

    \b
    Example: lt-prune list metrics
    """
    from dataclasses import asdict

    import lt_prune as lp
    from lt_prune.reports.tables import members_table

    rows = [asdict(member) for member in lp.members(family)]
    print_result(as_json, {family: rows}, lambda: members_table(rows))
