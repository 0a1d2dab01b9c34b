from __future__ import annotations

from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.methods import METHODS
from lt_prune.metrics import METRICS
from lt_prune.planning import paths
from lt_prune.registry import Registry
from lt_prune.strategies import STRATEGIES


def subset_of(data: lp.LongTailedSet, strategy: str = "random", ratio: float = 0.45, **options) -> lp.Subset:
    kept = lp.prune(data, ratio=ratio, strategy="random").kept
    return lp.Subset(index=data.index, kept=kept, strategy=strategy, ratio=ratio, options={"seed": 0, **options})


def keep(data: lp.LongTailedSet, name: str, seed: int = 0) -> Path:
    path = Path("subsets") / name
    lp.prune(data, ratio=0.45, strategy="random", seed=seed, out=path)
    return path


def test_sets_scores_and_runs_are_named_after_their_set(blobs):
    index = blobs().index
    assert paths.set_path(index) == Path("sets/blobs.h5")
    assert paths.scores_path(index) == Path("scores/blobs.h5")
    assert paths.run_path("blobs-avh-0.45", "ce", 0) == Path("runs/blobs-avh-0.45-ce")
    assert paths.comparison_path(index, 0.45, "ce", 0) == Path("runs/blobs-0.45-ce-comparison.json")


def test_a_seed_other_than_0_is_part_of_the_name(blobs):
    index = blobs().index
    assert paths.scores_path(index, 3) == Path("scores/blobs-seed3.h5")
    assert paths.run_path("blobs", "ce", 3) == Path("runs/blobs-ce-seed3")
    assert paths.comparison_path(index, 0.45, "ce", 3) == Path("runs/blobs-0.45-ce-seed3-comparison.json")


def test_runs_at_equal_steps_have_places_of_their_own(blobs):
    assert paths.run_path("blobs-avh-0.45", "ce", 3, "steps") == Path("runs/blobs-avh-0.45-ce-equal-steps-seed3")
    name = "runs/blobs-0.45-ce-equal-steps-comparison.json"
    assert paths.comparison_path(blobs().index, 0.45, "ce", 0, "steps") == Path(name)


def test_pictures_of_grids_of_one_kind_do_not_overwrite_those_of_another(blobs):
    names = {paths.curves_path(blobs().index, equal, own) for equal in ("epochs", "steps") for own in (False, True)}
    endings = ("", "-ensembles", "-equal-steps", "-equal-steps-ensembles")
    assert names == {Path(f"runs/blobs-sweep{ending}") for ending in endings}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "blobs-random-0.45"),
        ({"ratio": 0.5}, "blobs-random-0.5"),
        ({"seed": 2}, "blobs-random-0.45-seed2"),
        ({"strategy": "class-random"}, "blobs-class-random-0.45"),
        ({"allow_empty_class": True}, "blobs-random-0.45-empty-class"),
        ({"strategy": "ranked", "metric": "avh", "keep": "hard", "within": "set"}, "blobs-ranked-avh-0.45"),
        ({"strategy": "ranked", "metric": "el2n", "keep": "easy", "within": "set"}, "blobs-ranked-el2n-0.45-easy"),
        ({"strategy": "mine", "metric": "avh"}, "blobs-mine-avh-0.45"),
        (
            {"strategy": "ranked", "metric": "avh", "keep": "easy", "within": "class"},
            "blobs-ranked-avh-0.45-easy-within-class",
        ),
    ],
)
def test_a_subset_is_named_after_what_chose_it(blobs, given, name):
    assert paths.subset_path(subset_of(blobs(), **given)) == Path(f"subsets/{name}.h5")


def test_no_two_choices_of_members_have_one_file(blobs):
    # Every name that a new member may have, and all of ours: a strategy alone, or with the metric that it ranks by.
    data, new = blobs(), ("random", "class", "ranked", "a", "b", "a_b", "ranked_a", "avh")
    strategies = {*STRATEGIES.names, *(name for name in new if registrable(STRATEGIES, name))}
    metrics = {*METRICS.names, *(name for name in new if registrable(METRICS, name))}
    asked = [(strategy, {"metric": metric} if metric else {}) for strategy in strategies for metric in (None, *metrics)]
    files = [paths.subset_path(subset_of(data, strategy, **options)) for strategy, options in asked]
    assert len(asked) > 50
    assert len(set(files)) == len(files)


def test_no_two_runs_have_one_folder(blobs):
    data, ranked = blobs(), {"strategy": "ranked", "metric": "avh"}
    subsets = [subset_of(data, **ranked, keep=end, seed=seed) for end in ("hard", "easy") for seed in (0, 2)]
    trained_on = [data.index.name, *(paths.subset_path(subset).stem for subset in subsets)]
    new = ("easy", "seed2", "steps", "stage1", "drw", "ldam", "ce_seed2")
    methods = {*METHODS.names, *(name for name in new if registrable(METHODS, name))}
    asked = list(product(trained_on, methods, (0, 2), ("epochs", "steps")))
    assert len({paths.run_path(*each) for each in asked}) == len(asked) > 300


def registrable(family: Registry, name: str) -> bool:
    with suppress(ArgumentError):
        family.register(name, family.load(family.names[0]))
    return name in family.registered


def test_there_is_no_subset_where_there_is_no_folder(blobs, in_tmp):
    assert paths.find_subset(blobs().index) is None


def test_subsets_of_other_data_are_passed_over(blobs, in_tmp):
    keep(blobs(seed=7), "other.h5")
    assert paths.find_subset(blobs().index) is None


def test_the_one_subset_is_found(blobs, in_tmp):
    keep(blobs(seed=7), "other.h5")
    mine = keep(blobs(), "mine.h5")
    assert paths.find_subset(blobs().index) == mine


def test_of_several_subsets_one_must_be_named(blobs, in_tmp):
    keep(blobs(), "first.h5")
    keep(blobs(), "second.h5", seed=1)
    with pytest.raises(ArgumentError, match=r"2 subsets of blobs \(subsets/first.h5, subsets/second.h5\): name one"):
        paths.find_subset(blobs().index)
