"""What every registered strategy, budget and selection promises, be it ours or another package's."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lt_prune.budgets import BUDGETS, Budget
from lt_prune.choices import KEEP, WITHIN
from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError
from lt_prune.selections import SELECTIONS, Selection
from lt_prune.steps.prune import prune
from lt_prune.strategies import STRATEGIES, Request
from lt_prune.strategies.named import find_strategy, resolved_settings
from lt_prune.types import MetricScores, SampleIndex, ScoreSet, Subset

COUNTS = (97, 41, 17, 7, 3, 2, 1)
RATIOS = (0, 0.01, 0.1, 0.25, 0.45, 0.5, 0.9, 0.999)
FLOOR = 2
PAIRS = [
    *(f"{name}+random" for name in BUDGETS.names if name != "floor"),
    f"floor+hard+floor={FLOOR}",
    *(f"{budget}+{name}" for name in SELECTIONS.names for budget in ("global", "equal")),
]
"""Every budget and every selection."""
CASES = [
    (name, options)
    for name in [*STRATEGIES.names, *PAIRS]
    for options in (
        [{"keep": keep, "within": within} for keep in ("hard", "easy") for within in ("set", "class")]
        if find_strategy(name)[0].takes_ends
        else [{}]
    )
]
"""Every strategy, with every option of those that ask which end stays, and every pair."""

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
    given = {
        "ids": ids,
        "labels": labels,
        "n_classes": len(counts),
        "n_remove": n_remove,
        "difficulty": random.integers(0, max(n // 2, 2), n) / 8,
        "features": random.integers(0, 5, (n, 3)).astype(np.float32),
        "confidence": random.integers(0, 9, n) / 8,
        "recall": random.integers(0, 5, len(counts)) / 4,
        "like": levelled(counts, max(n - n_remove, 0)),
    }
    return Request(**{**given, **(options or {}), **more})


def levelled(counts, total: int) -> np.ndarray:
    """Counts that sum to a total, the largest having lost the most."""
    left = np.array(counts)
    while (over := int(left.sum()) - total) > 0:
        top, low = left.max(), max(left[left < left.max()], default=0)
        at_top = np.flatnonzero(left == top)
        left[at_top] -= max(min(top - low, over // len(at_top)), 0)
        left[at_top[: over if over < len(at_top) else 0]] -= 1
    return left


def run(name: str, request: Request) -> np.ndarray:
    strategy, given = find_strategy(name)
    return strategy(replace(request, settings=resolved_settings(strategy, given)))


def feasible(name: str, counts, n_keep: int, allowed: bool = False) -> bool:
    """Whether a budget can be had: that of a floor needs as much."""
    return "floor" not in name or n_keep >= np.minimum(counts, FLOOR).sum()


def kept_ids(name: str, request: Request) -> set[int]:
    return set(request.ids[run(name, request)].tolist())


def permuted(request: Request, order: np.ndarray) -> Request:
    arrays = ("ids", "labels", "difficulty", "features", "confidence")
    return replace(request, **{name: getattr(request, name)[order] for name in arrays})


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


def test_every_member_is_what_it_must_be():
    assert all(callable(STRATEGIES.load(name)) for name in STRATEGIES.names)
    assert all(isinstance(BUDGETS.load(name), Budget) for name in BUDGETS.names)
    assert all(isinstance(SELECTIONS.load(name), Selection) for name in SELECTIONS.names)


@pytest.mark.parametrize("name", STRATEGIES.names)
def test_every_strategy_of_ours_names_its_paper(name):
    assert not STRATEGIES.is_own(name) or STRATEGIES.load(name).paper


@pytest.mark.parametrize("family", [BUDGETS, SELECTIONS], ids=["budget", "selection"])
def test_every_budget_and_selection_of_ours_says_how_it_is_defined(family):
    members = [family.load(name) for name in family.names if family.is_own(name)]
    assert all(member.equation for member in members)
    assert all(setting.meaning for member in members for setting in member.settings.values())


@every_case
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("counts", [COUNTS, (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50)], ids=["small", "cifar10"])
def test_removes_exactly_as_many_as_asked(name, options, ratio, counts):
    n_remove = round(ratio * sum(counts))
    if n_remove > sum(counts) - len(counts):
        pytest.skip("a class would be emptied, which is refused below")
    if not feasible(name, counts, sum(counts) - n_remove):
        with pytest.raises(
            ArgumentError, match=rf"^{sum(counts) - n_remove:,} of {sum(counts):,} samples are to be kept, and"
        ):
            run(name, ask(counts, n_remove, options))
        return
    kept = run(name, ask(counts, n_remove, options))
    assert kept.dtype == bool
    assert kept.shape == (sum(counts),)
    assert (~kept).sum() == n_remove


@every_case
@given(counts=some_counts, share=st.floats(0, 1), draw=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_empties_no_class_and_removes_as_many_as_asked(name, options, counts, share, draw):
    n_remove = round(share * (sum(counts) - len(counts)))
    assume(feasible(name, counts, sum(counts) - n_remove))
    left = kept_counts(name, ask(counts, n_remove, options, draw))
    assert min(left) >= 1
    assert sum(left) == sum(counts) - n_remove


@every_case
@given(counts=some_counts, share=st.floats(0, 1), draw=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_removes_as_many_as_asked_where_a_class_may_be_emptied(name, options, counts, share, draw):
    n_remove = round(share * sum(counts))
    assume(feasible(name, counts, sum(counts) - n_remove))
    assert sum(kept_counts(name, ask(counts, n_remove, options, draw, allow_empty_class=True))) == sum(counts) - n_remove


@every_case
@pytest.mark.parametrize("imbalance", [10, 50, 100])
def test_empties_no_class_whatever_the_imbalance(name, options, imbalance):
    counts = [round(200 * imbalance ** (-c / 9)) for c in range(10)]
    left = kept_counts(name, ask(counts, round(0.9 * sum(counts)), options))
    assert min(left) >= 1
    assert sum(left) == sum(counts) - round(0.9 * sum(counts))


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
def test_the_type_of_numbers_changes_nothing(name, options):
    """Of features without ties, which rounding would break."""
    features = np.random.default_rng(0).normal(size=(sum(COUNTS), 3)).astype(np.float32)
    request = ask(COUNTS, 80, options, features=features)
    wide = {field: getattr(request, field).astype(np.float64) for field in ("difficulty", "features", "confidence")}
    narrow = {field: array.astype(np.float32) for field, array in wide.items()}
    assert np.array_equal(run(name, replace(request, **wide)), run(name, replace(request, **narrow)))


@pytest.fixture(scope="module")
def scored() -> ScoreSet:
    """Of 60 samples, by all metrics that anything here reads."""
    random, labels = np.random.default_rng(0), np.repeat(np.arange(4), (30, 15, 10, 5))
    index = SampleIndex(
        name="drawn",
        ids=np.sort(random.choice(2**62, 60, replace=False)).astype(np.uint64),
        labels=random.permutation(labels),
        class_names=tuple("abcd"),
        groups=(1, 3),
        source="drawn",
        source_size=60,
        source_index=np.arange(60),
    )
    metrics = {
        name: MetricScores(per_member=random.random((2, 60)).astype(np.float32), higher_is_harder=True, equation="")
        for name in ("avh", "margin", "mean-confidence")
    }
    made = {"train_accuracy": np.ones(2), "seconds": np.ones(2), "recipe": Recipe(), "versions": {}}
    return ScoreSet(index=index, metrics=metrics, seeds=(1, 2), **made)


def needing(*needs: str) -> list[str]:
    """Strategies and pairs that read one of these, but for those of another subset."""
    return [
        name for name in [*STRATEGIES.names, *PAIRS] if {*needs} & {*find_strategy(name)[0].needs} and "like" not in name
    ]


SEEING = needing("features")
FEATURES = np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32)


def pruned(name: str, scores: ScoreSet, features: np.ndarray = FEATURES) -> Subset:
    seen = {"features": features} if name in SEEING else {}
    return prune(scores.index, ratio=0.4, strategy=name, scores=scores, **seen)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", needing("scores", "confidence", "recall"))
def test_scores_that_are_not_finite_are_refused(name, bad, scored):
    assert pruned(name, scored).kept.sum() == 36
    for metric in scored.metrics:
        broken = scored.metric(metric).per_member.copy()
        broken[1, 7] = bad
        metrics = {**scored.metrics, metric: replace(scored.metric(metric), per_member=broken)}
        with suppress(ArgumentError):
            assert np.array_equal(pruned(name, replace(scored, metrics=metrics)).kept, pruned(name, scored).kept)
            continue
        break
    else:
        pytest.fail("none of the metrics was refused")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", SEEING)
def test_features_that_are_not_finite_are_refused(name, bad, scored):
    broken = FEATURES.copy()
    broken[7, 1] = bad
    assert pruned(name, scored).kept.sum() == 36
    with pytest.raises(ArgumentError, match=r"^features must be finite numbers"):
        pruned(name, scored, broken)


@pytest.mark.parametrize("family", ["budgets", "selections"])
def test_one_of_ours_has_an_independent_reference(family):
    tests = list((Path(__file__).parents[1] / family).glob("test_*.py"))
    known = " ".join(file.read_text() for file in tests) + " ".join(f'"{file.stem[5:]}"' for file in tests)
    registry = BUDGETS if family == "budgets" else SELECTIONS
    names = [name for name in registry.names if registry.is_own(name) and name not in ("global", "random")]
    assert [name for name in names if f'"{name}"' not in known] == []


@every_case
def test_leaves_the_request_as_it_is(name, options):
    request = ask(COUNTS, 80, options)
    arrays = ("ids", "labels", "difficulty", "features", "confidence", "recall", "like")
    before = {field: getattr(request, field).copy() for field in arrays}
    run(name, request)
    assert all(np.array_equal(array, getattr(request, field)) for field, array in before.items())


@every_case
def test_removes_all_but_one_of_each_class_and_no_more(name, options):
    most = sum(COUNTS) - len(COUNTS)
    if not feasible(name, COUNTS, len(COUNTS)):
        pytest.skip("it keeps more of each class")
    assert kept_counts(name, ask(COUNTS, most, options)) == [1] * len(COUNTS)
    with pytest.raises(ArgumentError, match=f"removing {most + 1} of {sum(COUNTS)} samples would empty a class"):
        run(name, ask(COUNTS, most + 1, options))


@every_case
def test_empties_a_class_where_it_may(name, options):
    n_remove = sum(COUNTS) - len(COUNTS) + 1
    if not feasible(name, COUNTS, sum(COUNTS) - n_remove):
        pytest.skip("it keeps more of each class")
    left = kept_counts(name, ask(COUNTS, n_remove, options, allow_empty_class=True))
    assert min(left) == 0
    assert sum(left) == len(COUNTS) - 1


@every_case
def test_a_class_that_never_had_a_sample_is_no_obstacle(name, options):
    n_remove = 2 if "floor" in name else 4
    left = kept_counts(name, ask((4, 0, 2), n_remove, options))
    assert left[1] == 0
    assert sum(left) == 6 - n_remove


@every_case
def test_removing_none_keeps_all(name, options):
    assert run(name, ask(COUNTS, 0, options)).all()


WITHOUT = [name for name in STRATEGIES.names if not {"scores", "confidence"} & set(STRATEGIES.load(name).needs)]


@pytest.mark.parametrize("name", WITHOUT)
def test_without_scores_the_seed_names_the_draw(name):
    draws = {frozenset(kept_ids(name, ask(COUNTS, 80, seed=seed))) for seed in range(5)}
    assert len(draws) == 5


@pytest.mark.parametrize("name", WITHOUT)
def test_without_scores_labels_and_ids_are_all_it_reads(name):
    request = ask(COUNTS, 80)
    assert np.array_equal(run(name, replace(request, difficulty=None, keep="easy")), run(name, request))


NESTED = [name for name in SELECTIONS.names if SELECTIONS.load(name).nested]


@pytest.mark.parametrize("name", NESTED)
@given(counts=some_counts, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)), draw=st.integers(0, 99))
@example(counts=[2, 1, 14], shares=(1.0, 0.5), draw=0)
@settings(max_examples=15, deadline=None)
def test_a_nested_selection_keeps_less_of_what_it_kept(name, counts, shares, draw):
    few, many = (round(share * (sum(counts) - len(counts))) for share in sorted(shares))
    assert kept_ids(f"global+{name}", ask(counts, many, draw=draw)) <= kept_ids(
        f"global+{name}", ask(counts, few, draw=draw)
    )


@pytest.mark.parametrize("name", NESTED)
def test_a_nested_selection_keeps_less_of_each_class_that_loses_more(name):
    few, many = (ask(COUNTS, n_remove) for n_remove in (60, 110))
    before, after = run(f"proportional+{name}", few), run(f"proportional+{name}", many)
    assert not (after & ~before).any()


@pytest.mark.parametrize("name", BUDGETS.names)
@pytest.mark.parametrize("selection", ["random", "hard"])
def test_a_budget_keeps_as_many_of_each_class_whichever_are_kept(name, selection):
    if BUDGETS.load(name).function is None:
        pytest.skip("the selection decides")
    request = ask((90, 60, 40, 30), 100)
    assert kept_counts(f"{name}+{selection}", request) == kept_counts(f"{name}+easy", request)
