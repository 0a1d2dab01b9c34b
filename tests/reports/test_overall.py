from __future__ import annotations

from lt_prune.progress import ALL_RUNS, no_progress
from lt_prune.reports.overall import Overall


def told(work: dict[str, tuple[int, int]]) -> tuple[Overall, list[tuple[str, int, int]]]:
    calls: list[tuple[str, int, int]] = []
    return Overall(lambda what, done, total: calls.append((what, done, total)), work), calls


def test_work_is_counted_in_images():
    overall, calls = told({"whole": (10, 100), "half": (10, 50)})
    overall("whole", 0, 10)
    overall("whole", 3, 10)
    overall("half", 0, 10)
    overall("half", 10, 10)
    assert [call for call in calls if call[0] == ALL_RUNS] == [
        (ALL_RUNS, 0, 1500),
        (ALL_RUNS, 300, 1500),
        (ALL_RUNS, 300, 1500),
        (ALL_RUNS, 800, 1500),
    ]
    assert [call for call in calls if call[0] == "whole"] == [("whole", 0, 10), ("whole", 3, 10)]


def test_what_was_done_before_is_no_work():
    overall, calls = told({"whole": (10, 100), "half": (10, 50)})
    overall("whole", 8, 10)  # its checkpoint had 8
    assert calls[0] == (ALL_RUNS, 0, 2 * 100 + 10 * 50)
    overall("whole", 9, 10)
    assert calls[2] == (ALL_RUNS, 100, 700)


def test_a_run_finished_before_leaves_the_others_work():
    overall, calls = told({"whole": (10, 100), "half": (10, 50)})
    overall.end("whole")
    overall("half", 0, 10)
    assert calls[0] == (ALL_RUNS, 0, 500)


def test_a_run_that_failed_midway_is_reported_and_its_rest_is_no_work():
    overall, calls = told({"whole": (10, 100), "half": (10, 50)})
    overall("whole", 0, 10)
    overall("whole", 4, 10)
    overall.end("whole")
    assert calls[-1] == ("whole", 0, 0)
    overall("half", 0, 10)
    assert calls[-2] == (ALL_RUNS, 400, 900)


def test_a_run_that_ended_is_reported_no_more():
    overall, calls = told({"whole": (10, 100)})
    overall("whole", 0, 10)
    overall("whole", 10, 10)
    before = list(calls)
    overall.end("whole")
    assert calls == before


def test_a_run_by_itself_is_all_there_is_to_tell():
    overall, calls = told({"whole": (10, 100)})
    overall("whole", 0, 10)
    overall.end("whole")
    assert calls == [("whole", 0, 10)]


def test_where_no_work_is_left_nothing_is_told_of_all_runs():
    """Runs that were killed between their weights and their results come with their last epochs done."""
    overall, calls = told({"a": (2, 100), "b": (2, 100)})
    overall("a", 2, 2)
    overall.end("a")
    overall("b", 2, 2)
    assert calls[-1] == ("b", 2, 2)


def test_a_part_of_an_epoch_is_work_done():
    overall, calls = told({"whole": (10, 100), "half": (10, 50)})
    overall("whole", 0, 10)
    overall("whole", 2.25, 10)
    assert calls[-2:] == [(ALL_RUNS, 225, 1500), ("whole", 2.25, 10)]


def test_a_step_within_a_step_counts_into_the_outer_one():
    outer, calls = told({"scored": (2, 100), "trained": (10, 100)})
    inner = Overall.of(outer, {"scored": (2, 100), "unforeseen": (1, 50)})
    inner("scored", 0, 2)
    assert calls[0] == (ALL_RUNS, 0, 1250)
    assert Overall.of(no_progress, {"scored": (2, 100)}) is not outer
