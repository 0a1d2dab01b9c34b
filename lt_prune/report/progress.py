"""Progress on stderr: bars on a terminal, a line at each end of a task elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Task, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from lt_prune.progress import ALL_RUNS, Progress


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show what is called as progress(what, done, total) while the context lasts.

    Where it is also called for all runs together, the bar of one vanishes when it ends, and lines tell the time left of all.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), _TimeLeft())
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        yield _Shown(bars)


def time_left(task: Task) -> str:
    """Hours, minutes and seconds that the rest will take if it goes on as it went so far; "-" before anything is done."""
    if not task.completed or task.total is None or task.elapsed is None:
        return "-"
    seconds = task.elapsed * (task.total - task.completed) / task.completed
    return str(timedelta(seconds=round(seconds)))


class _TimeLeft(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(time_left(task), style="progress.remaining")


class _Shown:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        count = f"{done / total:.0%}" if what == ALL_RUNS else f"{done}/{total} epochs"
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total, count=count)
        self._bars.update(self._tasks[what], completed=done, total=total, count=count)
        if done == total and what != ALL_RUNS:
            self._end(what, total)

    def _end(self, what: str, total: int) -> None:
        overall = self._tasks.get(ALL_RUNS)
        if self._bars.disable:
            said = f"{what}: {f'{total} of {total} epochs' if total else 'failed'}"
            left = "" if overall is None else f", {time_left(self._bars.tasks[overall])} left of {ALL_RUNS}"
            self._bars.console.print(said + left, highlight=False, markup=False)
        elif overall is not None:
            self._bars.remove_task(self._tasks.pop(what))
