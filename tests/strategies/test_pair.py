from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lt_prune.budgets import BUDGETS
from lt_prune.errors import ArgumentError, MemberError
from lt_prune.selections import SELECTIONS, Selection
from lt_prune.setting import Setting
from lt_prune.strategies import Request
from lt_prune.strategies.pair import Pair


def ask(labels: list[int], n_remove: int, ids: list[int] | None = None, **more) -> Request:
    ids = list(range(len(labels))) if ids is None else ids
    return Request(
        ids=np.array(ids, dtype=np.uint64), labels=np.array(labels), n_classes=max(labels) + 1, n_remove=n_remove, **more
    )


def removed(request: Request, priority: list[float], within: str = "set") -> list[int]:
    """Rows that go where the highest priority stays."""
    pair = Pair("proportional" if within == "class" else "global", "hard")
    return np.flatnonzero(~pair(replace(request, difficulty=np.array(priority)))).tolist()


def test_the_lowest_priority_goes_first():
    assert removed(ask([0] * 5, 2), [3, 1, 4, 0, 2]) == [1, 3]


def test_ties_fall_by_id():
    assert removed(ask([0] * 4, 2, ids=[40, 10, 30, 20]), [1, 1, 1, 1]) == [1, 3]


def test_the_last_of_a_class_is_spared_and_the_next_in_line_goes():
    # Both of class 1 stand first; the second of them stays, and the lowest of class 0 goes instead.
    assert removed(ask([1, 0, 0, 1, 0], 2), [0, 2, 3, 1, 4]) == [0, 1]


def test_the_last_of_a_class_goes_where_it_may():
    assert removed(ask([1, 0, 0, 1, 0], 2, allow_empty_class=True), [0, 2, 3, 1, 4]) == [0, 3]


def test_within_class_each_class_loses_its_own_lowest():
    assert removed(ask([0, 0, 0, 0, 1, 1], 3), [10, 11, 12, 13, 1, 0], within="class") == [0, 1, 5]


@pytest.mark.parametrize("within", ["set", "class"])
def test_refusal_says_how_to_go_on(within):
    with pytest.raises(ArgumentError, match=r"would empty a class, as there are 2 classes.*--allow-empty-class"):
        removed(ask([0, 0, 1], 2), [0, 1, 2], within)


@pytest.mark.parametrize("within", ["set", "class"])
def test_all_samples_may_go_where_classes_may_be_emptied(within):
    assert removed(ask([0, 0, 1], 3, allow_empty_class=True), [0, 1, 2], within) == [0, 1, 2]


@pytest.mark.parametrize("within", ["set", "class"])
def test_more_samples_than_there_are_is_refused(within):
    with pytest.raises(ArgumentError):
        removed(ask([0, 0, 1], 4, allow_empty_class=True), [0, 1, 2], within)


# What is promised


def samples() -> Request:
    return ask([0, 0, 0, 0, 1, 1], 3, seed=3)


BAD_COUNTS = {
    "fails": (lambda request: 1 / 0, "budget 'broken' fails: ZeroDivisionError: division by zero"),
    "a list": (lambda request: [2, 1], r"budget 'broken' must give a number a class, int64 \(2,\), and gave list"),
    "of another type": (lambda request: request.counts / 2, r"int64 \(2,\), and gave float64 \(2,\)"),
    "too many": (lambda request: request.counts, "budget 'broken' must keep exactly 3 samples, and keeps 6"),
    "more than there are": (lambda request: np.array([0, 3]), "must keep 1 to 4 samples of class 0, and keeps 0"),
    "of a class that is emptied": (lambda request: np.array([3, 0]), "must keep 1 to 2 samples of class 1, and keeps 0"),
}


@pytest.mark.parametrize("what", BAD_COUNTS)
def test_a_budget_that_breaks_its_promise_is_named(what):
    function, says = BAD_COUNTS[what]
    BUDGETS.register("broken", function)
    with pytest.raises(MemberError, match=says) as refusal:
        Pair("broken", "random")(samples())
    assert refusal.value.member == "broken"


BAD_ORDERS = {
    "fails": (lambda group, n_keep: group.features.shape, "selection 'broken' fails: AttributeError"),
    "only the kept": (
        lambda group, n_keep: np.arange(n_keep),
        r"each place of its group once, int64 \(6,\), and gave int64 \(3,\)",
    ),
    "some twice": (lambda group, n_keep: np.zeros(6, dtype=np.int64), "and gave some twice, or others"),
    "a mask": (lambda group, n_keep: group.labels == 0, r"and gave bool \(6,\)"),
}


@pytest.mark.parametrize("what", BAD_ORDERS)
def test_a_selection_that_breaks_its_promise_is_named(what):
    function, says = BAD_ORDERS[what]
    SELECTIONS.register("broken", function)
    with pytest.raises(MemberError, match=says) as refusal:
        Pair("global", "broken")(samples())
    assert refusal.value.member == "broken"


def test_what_is_registered_goes_with_everything():
    BUDGETS.register("most", lambda request: np.array([2, 1]))
    SELECTIONS.register("newest", lambda group, n_keep: np.arange(len(group.ids))[::-1])
    assert np.flatnonzero(Pair("most", "newest")(samples())).tolist() == [2, 3, 5]
    assert np.flatnonzero(Pair("global", "newest")(samples())).tolist() == [3, 4, 5]


@pytest.mark.parametrize(("family", "member"), [(BUDGETS, 3), (SELECTIONS, "hard")])
def test_what_is_no_function_is_refused(family, member):
    with pytest.raises(MemberError, match="must be a function of a"):
        family.register("broken", member)


def test_a_setting_that_both_have_is_refused():
    SELECTIONS.register("deep", Selection(lambda group, n_keep, floor: group.ids, "", settings={"floor": Setting(1, "")}))
    with pytest.raises(MemberError, match="budget 'floor' and selection 'deep' both have a setting 'floor': rename one"):
        Pair("floor", "deep").settings  # noqa: B018


def test_an_unknown_need_is_refused():
    with pytest.raises(MemberError, match=r"may need scores, features, confidence, not 'logits'"):
        SELECTIONS.register("broken", Selection(lambda group, n_keep: group.ids, "", needs=("logits",)))
