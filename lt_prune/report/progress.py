"""Progress on stderr: bars on a terminal, a line at each end of a task elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from lt_prune.types import Progress


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show what is called as progress(what, done, total) while the context lasts."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_ends(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as bars:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield show


def _print_ends(console: Console) -> Progress:
    def show(what: str, done: int, total: int) -> None:
        if done == total:
            console.print(f"{what}: {done} of {total} epochs", highlight=False)

    return show
