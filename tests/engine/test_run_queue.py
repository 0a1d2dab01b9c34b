"""Which run is next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.engine import Outcome, Run
from lt_prune.engine.run_queue import RunQueue
from lt_prune.errors import LtPruneError
from lt_prune.methods.ce import CrossEntropy
from lt_prune.models import find_model


def run(title: str, start: str | None = None, **fields) -> Run:
    """Never trained; its checkpoint is called as it is, and so is what it starts from."""
    return Run(
        title=title,
        pixels=np.zeros((1, 2, 2, 1), np.uint8),
        labels=np.zeros(1, np.int64),
        rows=np.zeros(1, np.int64),
        n_classes=1,
        model=find_model("resnet8"),
        recipe=Recipe(),
        loss=partial(CrossEntropy, [1]),
        seed=0,
        identity=fields.pop("identity", {}),
        start=Path(start) if start else None,
        checkpoint=Path(title),
        **fields,
    )


@pytest.fixture
def queue() -> RunQueue:
    """Two runs of one stage, and three that start from two others."""
    return RunQueue(
        [run("ce"), run("alas", "mixup"), run("focal"), run("mixup"), run("mislas", "mixup"), run("atl", "aem"), run("aem")]
    )


def taken(queue: RunQueue) -> list[str]:
    """Titles of all that can be begun now."""
    found = []
    while each := queue.take():
        found.append(each[1].title)
    return found


def end(queue: RunQueue, title: str, outcome: Outcome | None = None) -> list[tuple[str, str]]:
    """What fails with it."""
    titles = [each.title for each in queue]
    return [(titles[index], str(found.failure)) for index, found in queue.ended(titles.index(title), outcome or Outcome())]


def test_what_others_start_from_comes_first_and_what_waits_is_not_taken(queue):
    assert taken(queue) == ["mixup", "aem", "ce", "focal"]
    assert queue.take() is None
    assert queue.n_left == 7


def test_what_starts_from_a_run_is_next_once_that_has_ended(queue):
    assert [queue.take()[1].title for _ in range(2)] == ["mixup", "aem"]
    assert end(queue, "mixup") == []
    assert queue.take() is not None
    assert end(queue, "aem") == []
    assert taken(queue) == ["atl", "mislas", "ce", "focal"]


def test_a_run_is_handed_out_once_under_its_place_among_the_runs(queue):
    places = []
    while each := queue.take():
        places.append(each[0])
        assert list(queue)[each[0]] is each[1]
        assert queue.at_work == {each[0]}
        end(queue, each[1].title)
    assert sorted(places) == list(range(7))
    assert (queue.n_left, queue.at_work) == (0, set())


def test_what_starts_from_a_failed_run_fails_with_it(queue):
    taken(queue)
    failed = end(queue, "mixup", Outcome(failure=LtPruneError("training diverged")))
    assert failed == [(title, "its first stage failed: training diverged") for title in ("alas", "mislas")]
    assert queue.n_left == 4
    assert taken(queue) == []


def test_a_chain_fails_to_its_end():
    queue = RunQueue([run("a"), run("b", "a"), run("c", "b")])
    taken(queue)
    failed = end(queue, "a", Outcome(failure=LtPruneError("no")))
    assert failed == [("b", "its first stage failed: no"), ("c", "its first stage failed: its first stage failed: no")]
    assert queue.n_left == 0


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], 0),
        ([("a", None), ("b", None)], 2),
        ([("a", None), ("b", "a"), ("c", "b")], 1),
        ([("a", None), ("b", "a"), ("c", "a"), ("d", "a")], 3),
        ([("a", None), ("b", "a"), ("c", None), ("d", "c"), ("e", "c")], 3),
        ([("b", "elsewhere"), ("c", "elsewhere")], 2),
    ],
)
def test_none_is_at_work_beside_what_it_starts_from(runs, expected):
    assert RunQueue([run(*each) for each in runs]).most_at_once == expected


def test_what_starts_from_a_run_that_is_there_waits_for_none():
    assert taken(RunQueue([run("alas", "before"), run("ce")])) == ["alas", "ce"]


def test_runs_that_keep_nothing_start_from_one_another_never():
    runs = [replace(run(title), checkpoint=None) for title in ("a", "b")]
    assert taken(RunQueue(runs)) == ["a", "b"]


def test_one_that_dies_is_taken_once_more_after_the_others(queue):
    queue.take()
    with pytest.warns(UserWarning, match="^mixup: it was killed; it is tried once more$"):
        assert queue.died(3, "it was killed") is None
    assert queue.at_work == set()
    assert taken(queue) == ["aem", "ce", "focal", "mixup"]
    assert str(queue.died(3, "it was killed").failure) == "mixup failed 2 times: it was killed"
    assert queue.take() is None


@pytest.mark.parametrize(
    "identity", [{"method": "mislas", "first": {"method": "mixup", "device": "cpu"}}, {"first": None}, {}]
)
def test_how_the_first_stage_was_computed_is_part_of_the_second(identity):
    """A checkpoint of a first stage decides that where it is whole and both kinds are mixed."""
    queue = RunQueue([run("mixup"), run("mislas", "mixup", identity=identity)])
    taken(queue)
    end(queue, "mixup", Outcome(arithmetic=Arithmetic(device="cuda", precision="bf16")))
    computed = {"device": "cuda", "precision": "bf16", "compiled": False}
    known = identity.get("first")
    assert queue.take()[1].identity == ({**identity, "first": {**known, **computed}} if known else identity)


@pytest.fixture
def simulated() -> Callable[..., list[tuple[int, str]]]:
    """simulated(queue, n, **seconds) gives when each run begins, n at once, by a clock of its own."""

    def simulated(queue: RunQueue, n: int, **seconds: int) -> list[tuple[int, str]]:
        now, ends, begun = 0, {}, []
        while True:
            while len(ends) < n and (each := queue.take()):
                begun.append((now, each[1].title))
                ends[each[1].title] = now + seconds[each[1].title]
            if not ends:
                return begun
            title = min(ends, key=ends.get)
            now = ends.pop(title)
            end(queue, title)

    return simulated


def test_a_second_stage_begins_when_its_first_has_ended_and_not_all_of_them(simulated):
    runs = [run("first"), run("slow"), run("second", "first"), run("last", "slow"), run("ce")]
    begun = simulated(RunQueue(runs), 2, first=1, slow=10, second=2, last=1, ce=4)
    assert begun == [(0, "first"), (0, "slow"), (1, "second"), (3, "ce"), (10, "last")]
