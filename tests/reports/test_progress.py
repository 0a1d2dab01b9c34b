from __future__ import annotations

import io
import itertools
import threading
import time
from functools import partial

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

import lt_prune.reports.progress as progress
from lt_prune.progress import ALL_RUNS, announce, no_progress
from lt_prune.reports.progress import shown_progress, time_left


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


def test_a_line_in_between_tells_what_is_done_how_fast_and_what_is_left(terminal, monkeypatch):
    shown, now = terminal(False), itertools.chain([0.0], itertools.repeat(20.0))
    monkeypatch.setattr(progress, "Bars", partial(Bars, get_time=lambda: next(now)))
    with shown_progress() as told:
        told.say()
        told(ALL_RUNS, 0, 4000)
        told("first", 0, 10)
        told.say()
        told(ALL_RUNS, 1000, 4000)
        for title in ("first", "second", "third", "fourth"):
            told(title, 2.55, 10)
        told.say()
    assert shown.getvalue().splitlines() == [
        "no epoch has begun yet",
        "all runs: 0% done, too early to tell the time left; first: 0 of 10 epochs",
        "all runs: 25% done, 50 images/s, 0:01:00 left; first: 2.5 of 10 epochs; second: 2.5 of 10 epochs; 2 more",
    ]


def test_the_time_after_the_last_epoch_is_told_too(terminal):
    shown = terminal(False)
    with shown_progress() as told:
        for what, total in ((ALL_RUNS, 100), ("first", 1)):
            told(what, 0, total)
            told(what, total, total)
        told.say()
    assert shown.getvalue().splitlines()[-1] == "all runs: every epoch is done, and what is made of the networks is not yet"


def test_a_run_by_itself_whose_epochs_are_done_is_said_to_be_so(terminal):
    shown = terminal(False)
    with shown_progress() as told:
        told("a run", 3, 3)
        told.say()
    assert shown.getvalue().splitlines() == [
        "a run: 3 of 3 epochs",
        "every epoch is done, and what is made of the networks is not yet",
    ]


def test_lines_come_by_themselves_while_nothing_is_told(terminal, monkeypatch):
    monkeypatch.setattr(progress, "FIRST", 0.001)
    monkeypatch.setattr(progress, "EVERY", 0.001)
    shown, deadline = terminal(False), time.monotonic() + 60
    with shown_progress() as told:
        told("member 1 of 2", 1, 3)
        while shown.getvalue().count("member 1 of 2: 1 of 3 epochs\n") < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
    lines = shown.getvalue().splitlines()
    assert len(lines) >= 3
    assert set(lines) - {"no epoch has begun yet"} == {"member 1 of 2: 1 of 3 epochs"}  # which the thread may say first
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("progress")]


def test_a_closed_stream_ends_the_lines_and_nothing_else(terminal, monkeypatch, recwarn):
    monkeypatch.setattr(progress, "FIRST", 0.001)
    shown = terminal(False)
    with shown_progress():
        shown.close()
        time.sleep(0.01)
    assert not recwarn.list


def test_a_reader_is_promised_a_line_every_30_seconds():
    assert max(progress.FIRST, progress.EVERY) < 30


def test_what_the_work_will_be_is_a_line(terminal):
    shown = terminal(False)
    with shown_progress() as told:
        announce(told, "sweep of digits: 3 runs")
    announce(no_progress, "nobody reads this")
    assert shown.getvalue() == "sweep of digits: 3 runs\n"


def test_other_work_starts_the_clock_again(terminal, monkeypatch):
    shown, now = terminal(False), [0.0]
    monkeypatch.setattr(progress, "Bars", partial(Bars, get_time=lambda: now[0]))
    with shown_progress() as told:
        told(ALL_RUNS, 0, 10)
        now[0] = 1000.0
        told(ALL_RUNS, 10, 10)
        told(ALL_RUNS, 0, 100)
        now[0] = 1010.0
        told(ALL_RUNS, 50, 100)
        told.say()
    assert shown.getvalue() == "all runs: 50% done, 5 images/s, 0:00:10 left\n"


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
