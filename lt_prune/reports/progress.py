"""Progress on stderr: on a terminal bars, and a table of the runs that fills in as they end; in a notebook bars below the
cell; elsewhere, as in a file, lines when a task ends and in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Task, TaskID, TextColumn
from rich.progress import Progress as PlainBars
from rich.text import Text

from lt_prune.given import known_keywords
from lt_prune.percent import percent
from lt_prune.progress import ALL_RUNS, Progress, Together
from lt_prune.reports.aggregate import aggregate
from lt_prune.reports.board import Board
from lt_prune.reports.log import Log
from lt_prune.reports.notebook import InHtml, display_of_notebook
from lt_prune.reports.tables import results_table
from lt_prune.runs import PlannedRun

FIRST, EVERY = 10.0, 25.0
"""Seconds to the first line where there is no terminal, and from each to the next; a reader is promised one in 30."""
OFTEN = 0.5
"""Seconds between two drawings in a notebook."""
NAMED = 2
"""Runs at work that such a line names."""


_DONE = "every epoch is done, and what is made of the networks is not yet"


@known_keywords
@contextmanager
def shown_progress(log: Path | str | None = None, tensorboard: Path | str | None = None) -> Iterator[Progress]:
    """Show on stderr what is called as progress(what, done, total) while the context lasts.

    Where it is also called for all runs together, the bar of one vanishes when it ends, and lines tell how much is done,
    images a second, and the time left of all. On a terminal a table of the runs, planned, failed and with results, fills in
    as they end; in a notebook there are bars below the cell.

    Args:
        log: file to write all of it to besides, for machines, behind what it holds: a JSON object a line, see
            `lt_prune.reports.log`.
        tensorboard: folder to write scalars of each run below, for TensorBoard, which shows them as they come: loss,
            learning rate and images a second of an epoch when it ends, accuracies when they are measured, after the last
            one; by the extra `tensorboard`.

    Raises:
        FileError: the log cannot be written, or holds something else.
        ArgumentError: the extra is not installed.

    Example:
        >>> import lt_prune as lp
        >>> with lp.shown_progress() as progress:
        ...     scores = lp.score("digits", members=1, epochs=1, model="resnet8", progress=progress)
    """
    with ExitStack() as stack:
        besides: list[Progress] = [stack.enter_context(Log(log))] if log else []
        besides += [stack.enter_context(Board(tensorboard))] if tensorboard else []
        shown = stack.enter_context(_shown())
        yield Together(shown, *besides) if besides else shown


@contextmanager
def _shown() -> Iterator[Progress]:
    cell = display_of_notebook()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), _TimeLeft())
    with Bars(*columns, console=console, disable=cell is not None or not console.is_terminal) as bars:
        shown = _InCell(bars, cell) if cell else _Shown(bars)
        try:
            with nullcontext() if console.is_terminal or cell else _again_and_again(shown.say):
                yield shown
        finally:
            shown.close()


def time_left(task: Task) -> str:
    """Hours, minutes and seconds that the rest will take if it goes on as it went so far; "-" before anything is done."""
    if not task.completed or task.total is None or task.elapsed is None:
        return "-"
    seconds = task.elapsed * (task.total - task.completed) / task.completed
    return str(timedelta(seconds=round(seconds)))


def speed(task: Task) -> str:
    """Images a second since the work began; "-" before anything is done."""
    return f"{task.completed / task.elapsed:,.0f} images/s" if task.completed and task.elapsed else "-"


@contextmanager
def _again_and_again(say: Callable[[], None]) -> Iterator[None]:
    """Say it every few seconds, whatever the work within the context does."""
    ended = threading.Event()

    def beat() -> None:
        with suppress(OSError, ValueError):  # where it was said is closed, which the work will notice
            waited = ended.wait(FIRST)
            while not waited:
                say()
                waited = ended.wait(EVERY)

    thread = threading.Thread(target=beat, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Bars(PlainBars):
    """Bars, with a table below them."""

    table: RenderableType | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn anew several times a second."""
        yield from super().get_renderables()
        if self.table is not None:
            yield self.table


class _TimeLeft(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(time_left(task), style="progress.remaining")


class _Shown:
    """What is shown; it is told by the thread that works, and asked by that which says it again and again."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._runs: dict[str, PlannedRun] = {}
        """What is known of each run, by title."""
        self._tasks: dict[str, TaskID] = {}
        self._at_work: dict[str, str] = {}
        """Runs by title, with how many of their epochs are done."""
        self._lock = threading.Lock()

    def __call__(self, what: str, done: float, total: int) -> None:
        with self._lock:
            if what == ALL_RUNS:
                self._told_of_all(done, total)
            else:
                self._told_of(what, done, total)

    def announce(self, sentence: str) -> None:
        """A line of what the work will be."""
        with self._lock:
            self._print(sentence)

    def follow(self, what: str, known: object) -> None:
        """What is known of a run; where there are several, a table of all shows it."""
        if isinstance(known, PlannedRun):
            with self._lock:
                self._runs[what] = known
                if len(self._runs) > 1 and not self._bars.disable:
                    self._bars.table = results_table(aggregate(self._runs.values()))

    def close(self) -> None:
        """The work has ended: what it came to is the caller's to show."""
        self._bars.table = None

    def say(self) -> None:
        """A line of what is done, how fast, and what is left."""
        with self._lock:
            runs = [f"{what}: {count}" for what, count in self._at_work.items()]
            more = [f"{len(runs) - NAMED} more"] if len(runs) > NAMED else []
            parts = [*self._of_all(), *runs[:NAMED], *more] or [_DONE if self._tasks else "no epoch has begun yet"]
            self._print("; ".join(parts))

    def _told_of_all(self, done: float, total: int) -> None:
        if (overall := self._overall()) and overall.completed > done == 0:  # other work than before
            self._bars.reset(overall.id)
        count = percent(done / total, 0) if total else "-"
        self._update(ALL_RUNS, done, total, f"{count}, {speed(overall)}" if overall and done else count)

    def _told_of(self, what: str, done: float, total: int) -> None:
        self._at_work[what] = f"{round(done, 1):g} of {total} epochs"
        self._update(what, done, total, f"{int(done)}/{total} epochs")
        if done == total:
            del self._at_work[what]
            self._end(what, total)

    def _update(self, what: str, done: float, total: int, count: str) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total, count=count)
        self._bars.update(self._tasks[what], completed=done, total=total, count=count)

    def _end(self, what: str, total: int) -> None:
        overall = self._overall()
        if self._bars.disable:
            said = f"{what}: {f'{total} of {total} epochs' if total else 'failed'}"
            self._print(said + (f", {time_left(overall)} left of {ALL_RUNS}" if overall else ""))
        elif overall:
            self._bars.remove_task(self._tasks.pop(what))

    def _overall(self) -> Task | None:
        return self._bars.tasks[self._bars.task_ids.index(self._tasks[ALL_RUNS])] if ALL_RUNS in self._tasks else None

    def _of_all(self) -> list[str]:
        overall = self._overall()
        if overall is None:
            return []
        if overall.completed == overall.total:
            return [f"{ALL_RUNS}: {_DONE}"]
        if not overall.completed:
            return [f"{ALL_RUNS}: 0% done, too early to tell the time left"]
        return [f"{ALL_RUNS}: {percent(overall.percentage / 100, 0)} done, {speed(overall)}, {time_left(overall)} left"]

    def _print(self, line: str) -> None:
        self._bars.console.print(line, highlight=False, markup=False, soft_wrap=True)


class _InCell(_Shown):
    """Bars below the cell of a notebook, drawn anew at most so often."""

    def __init__(self, bars: Bars, display: Callable[..., Any]) -> None:
        super().__init__(bars)
        self._drawn = 0.0
        self._handle = display(InHtml(""), display_id=True)

    def __call__(self, what: str, done: float, total: int) -> None:
        super().__call__(what, done, total)
        if done >= total or time.monotonic() - self._drawn >= OFTEN:
            self._draw()

    def close(self) -> None:
        """The bars stay as they are at last."""
        self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._handle.update(InHtml("".join(_bar(task) for task in self._bars.tasks)))

    def _end(self, what: str, total: int) -> None:
        """A line a run would fill the page: where there are several, that of all says it."""
        if self._overall():
            self._bars.remove_task(self._tasks.pop(what))


def _bar(task: Task) -> str:
    name, count = escape(task.description), escape(str(task.fields["count"]))
    value = f'max="{task.total:g}" value="{task.completed:g}"' if task.total else 'max="1" value="0"'
    return f"<div>{name} <progress {value}></progress> {count}, {time_left(task)} left</div>"
