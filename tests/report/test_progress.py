from __future__ import annotations

import io
import itertools

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

import lt_prune.report.progress as progress
from lt_prune.progress import ALL_RUNS
from lt_prune.report.progress import shown_progress, time_left


@pytest.fixture
def terminal(monkeypatch):
    """terminal(is_terminal) makes stderr one, or not, and gives what is shown on it."""

    def make(is_terminal: bool) -> io.StringIO:
        memory = io.StringIO()
        console = Console(file=memory, width=100, force_terminal=is_terminal, color_system=None)
        monkeypatch.setattr(progress, "Console", lambda stderr: console)
        return memory

    return make


def test_elsewhere_than_on_a_terminal_a_line_reports_each_end(terminal):
    shown = terminal(False)
    with shown_progress() as told:
        for done in range(4):
            told("member 1 of 2", done, 3)
        told("member 2 of 2", 1, 3)
    assert shown.getvalue() == "member 1 of 2: 3 of 3 epochs\n"


def test_a_failure_is_a_line_too(terminal):
    shown = terminal(False)
    with shown_progress() as told:
        told("digits, whole, ce", 1, 3)
        told("digits, whole, ce", 0, 0)
    assert shown.getvalue() == "digits, whole, ce: failed\n"


def test_lines_of_many_runs_tell_the_time_left(terminal):
    shown = terminal(False)
    with shown_progress() as told:
        told(ALL_RUNS, 0, 200)
        told("first", 0, 1)
        told(ALL_RUNS, 100, 200)
        told("first", 1, 1)
    assert shown.getvalue() == "first: 1 of 1 epochs, 0:00:00 left of all runs\n"


def test_on_a_terminal_there_are_bars(terminal):
    shown = terminal(True)
    with shown_progress() as told:
        told("member 1 of 2", 2, 3)
    assert "member 1 of 2" in shown.getvalue()
    assert "2/3 epochs" in shown.getvalue()


@pytest.mark.parametrize(
    ("done", "elapsed", "expected"),
    [(0, 10.0, "-"), (25, 10.0, "0:00:30"), (100, 10.0, "0:00:00"), (1, 3600.0, "4 days, 3:00:00")],
)
def test_the_time_left_goes_on_as_before(done, elapsed, expected):
    clock = itertools.chain([0.0], itertools.repeat(elapsed))
    bars = Bars(disable=True, get_time=lambda: next(clock))
    bars.add_task("work", total=100, completed=done)
    assert time_left(bars.tasks[0]) == expected
