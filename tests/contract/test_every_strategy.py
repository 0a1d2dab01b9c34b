"""What every registered strategy promises."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.choices import KEEP, WITHIN
from lt_prune.errors import ArgumentError
from lt_prune.strategies import STRATEGIES, Request, Strategy

COUNTS = (97, 41, 17, 7, 3, 2, 1)
RATIOS = (0, 0.1, 0.25, 0.45, 0.5, 0.9)
CASES = [
    (name, options)
    for name in STRATEGIES.names
    for options in (
        [{"keep": keep, "within": within} for keep in ("hard", "easy") for within in ("set", "class")]
        if STRATEGIES.load(name).needs_scores
        else [{}]
    )
]
"""Every strategy, with every option of those that rank."""

every_case = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=["-".join([name, *options.values()]) for name, options in CASES]
)
some_counts = st.lists(st.one_of(st.just(1), st.integers(1, 40)), min_size=2, max_size=8)


def ask(counts, n_remove: int, options: dict | None = None, draw: int = 0, **more) -> Request:
    """A request over samples in a shuffled order, with difficulties that have ties."""
    random = np.random.default_rng([draw, *counts])
    n = sum(counts)
    ids = random.choice(2**32, n, replace=False).astype(np.uint64) << np.uint64(31)
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    difficulty = random.integers(0, max(n // 2, 2), n) / 8
    given = {"ids": ids, "labels": labels, "n_classes": len(counts), "n_remove": n_remove, "difficulty": difficulty}
    return Request(**{**given, **(options or {}), **more})


def run(name: str, request: Request) -> np.ndarray:
    return STRATEGIES.load(name)(request)


def kept_ids(name: str, request: Request) -> set[int]:
    return set(request.ids[run(name, request)].tolist())


def permuted(request: Request, order: np.ndarray) -> Request:
    return replace(request, ids=request.ids[order], labels=request.labels[order], difficulty=request.difficulty[order])


def kept_counts(name: str, request: Request) -> list[int]:
    return np.bincount(request.labels[run(name, request)], minlength=request.n_classes).tolist()


def test_a_request_is_one_thing_that_stays_as_it_is():
    request = ask(COUNTS, 0)
    assert request != replace(request), "arrays are not compared"
    with pytest.raises(FrozenInstanceError):
        request.n_remove = 1
    with pytest.raises(TypeError, match="positional"):
        Request(request.ids, request.labels, request.n_classes, 0)


def test_a_request_keeps_what_is_hard_within_the_set_unless_it_says_otherwise():
    request = ask(COUNTS, 80)
    assert (request.keep, request.within, request.allow_empty_class) == (KEEP[0], WITHIN[0], False) == ("hard", "set", False)


def test_every_member_is_a_strategy():
    assert all(isinstance(STRATEGIES.load(name), Strategy) for name in STRATEGIES.names)


@every_case
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("counts", [COUNTS, (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50)], ids=["small", "cifar10"])
def test_removes_exactly_as_many_as_asked(name, options, ratio, counts):
    n_remove = round(ratio * sum(counts))
    kept = run(name, ask(counts, n_remove, options))
    assert kept.dtype == bool
    assert kept.shape == (sum(counts),)
    assert (~kept).sum() == n_remove


@every_case
@given(counts=some_counts, share=st.floats(0, 1), draw=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_empties_no_class_and_removes_as_many_as_asked(name, options, counts, share, draw):
    n_remove = round(share * (sum(counts) - len(counts)))
    left = kept_counts(name, ask(counts, n_remove, options, draw))
    assert min(left) >= 1
    assert sum(left) == sum(counts) - n_remove


@every_case
@given(counts=some_counts, share=st.floats(0, 1), draw=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_removes_as_many_as_asked_where_a_class_may_be_emptied(name, options, counts, share, draw):
    n_remove = round(share * sum(counts))
    assert sum(kept_counts(name, ask(counts, n_remove, options, draw, allow_empty_class=True))) == sum(counts) - n_remove


@every_case
@pytest.mark.parametrize("allowed", [False, True])
def test_chooses_by_id_whatever_the_order_of_samples(name, options, allowed):
    request = ask(COUNTS, 80, options, allow_empty_class=allowed)
    order = np.random.default_rng(1).permutation(len(request.ids))
    assert kept_ids(name, permuted(request, order)) == kept_ids(name, request)


@every_case
def test_chooses_the_same_each_time_and_touches_no_global_randomness(name, options):
    request = ask(COUNTS, 80, options)
    np.random.seed(0)
    first, after = run(name, request), np.random.random()
    np.random.seed(1)
    assert np.array_equal(run(name, request), first)
    np.random.seed(0)
    assert np.random.random() == after


@every_case
def test_leaves_the_request_as_it_is(name, options):
    request = ask(COUNTS, 80, options)
    before = [array.copy() for array in (request.ids, request.labels, request.difficulty)]
    run(name, request)
    assert all(np.array_equal(*pair) for pair in zip(before, (request.ids, request.labels, request.difficulty)))


@every_case
def test_removes_all_but_one_of_each_class_and_no_more(name, options):
    most = sum(COUNTS) - len(COUNTS)
    assert kept_counts(name, ask(COUNTS, most, options)) == [1] * len(COUNTS)
    with pytest.raises(ArgumentError, match=f"removing {most + 1} of {sum(COUNTS)} samples would empty a class"):
        run(name, ask(COUNTS, most + 1, options))


@every_case
def test_empties_a_class_where_it_may(name, options):
    n_remove = sum(COUNTS) - len(COUNTS) + 1
    left = kept_counts(name, ask(COUNTS, n_remove, options, allow_empty_class=True))
    assert min(left) == 0
    assert sum(left) == len(COUNTS) - 1


@every_case
def test_a_class_that_never_had_a_sample_is_no_obstacle(name, options):
    assert kept_counts(name, ask((4, 0, 2), 4, options)) == [1, 0, 1]


@every_case
def test_removing_none_keeps_all(name, options):
    assert run(name, ask(COUNTS, 0, options)).all()


@pytest.mark.parametrize("name", [name for name in STRATEGIES.names if not STRATEGIES.load(name).needs_scores])
def test_without_scores_the_seed_names_the_draw(name):
    draws = {frozenset(kept_ids(name, ask(COUNTS, 80, seed=seed))) for seed in range(5)}
    assert len(draws) == 5


@pytest.mark.parametrize("name", [name for name in STRATEGIES.names if not STRATEGIES.load(name).needs_scores])
def test_without_scores_labels_and_ids_are_all_it_reads(name):
    request = ask(COUNTS, 80)
    assert np.array_equal(run(name, replace(request, difficulty=None, keep="easy")), run(name, request))
