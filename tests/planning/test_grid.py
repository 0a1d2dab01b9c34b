from __future__ import annotations

from typing import Any

import pytest

from lt_prune.errors import ArgumentError, UnknownNameError
from lt_prune.planning.grid import Grid

ASKED: dict[str, Any] = {
    "strategies": ["random", "ranked"],
    "metrics": ["avh", "el2n"],
    "ratios": [0.5, 0, 0.3, 0.5],
    "methods": ["ce", "atl", "ce"],
    "seeds": [3, 1, 3],
    "keep": None,
    "within": None,
    "members": 10,
    "score_epochs": 10,
    "ensembles": 1,
}


def grid(**changes: Any) -> Grid:
    return Grid(**{**ASKED, **changes})


def test_the_defaults_are_the_nine_ratios_of_four_strategies_with_five_seeds():
    usual = Grid()
    found = {(pruning.strategy, pruning.metric) for pruning in usual.prunings}
    assert found == {("random", None), ("class-random", None), ("equal+random", None), ("ranked", "avh")}
    assert sorted({pruning.ratio for pruning in usual.prunings}) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert usual.runs == [(seed, "ce") for seed in range(5)]
    assert (usual.members, usual.score_epochs, usual.ensembles) == (10, 10, 1)


def test_a_grid_of_ratio_0_prunes_nothing():
    assert Grid(ratios=[0]).prunings == []
    assert Grid(ratios=[0]).ranked_by == []


def test_a_strategy_that_ranks_comes_with_each_metric_and_each_once():
    found = [(pruning.strategy, pruning.metric, pruning.ratio) for pruning in grid().prunings]
    ranked = [("ranked", metric, ratio) for metric in ("avh", "el2n") for ratio in (0.5, 0.3)]
    assert found == [("random", None, 0.5), ("random", None, 0.3), *ranked]
    assert grid().ranked_by == ["avh", "el2n"]
    assert grid(strategies=["random"]).ranked_by == []


def test_runs_are_every_seed_and_method_once():
    assert grid().runs == [(3, "ce"), (3, "atl"), (1, "ce"), (1, "atl")]


@pytest.mark.parametrize(("ensembles", "ranks"), [(1, {3: 0, 1: 0}), (2, {3: 3, 1: 1})])
def test_one_ensemble_ranks_for_all_seeds_or_each_seed_has_its_own(ensembles, ranks):
    assert {seed: grid(ensembles=ensembles).ensemble(seed) for seed in (3, 1)} == ranks


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"metrics": "avh"}, r'^metrics must be a list of words such as \["one", "two"\], not .avh.$'),
        ({"ratios": []}, "^ratios is empty: name at least one$"),
        ({"seeds": [0.5]}, r"^seeds must be a list of whole numbers such as \[1, 2\], not \[0\.5\]$"),
        ({"keep": "some"}, "^keep must be hard or easy, not 'some'$"),
        ({"within": "group"}, "^within must be set or class, not 'group'$"),
        ({"metrics": []}, "^strategy 'ranked' ranks by scores: name at least one metric$"),
        ({"ensembles": 3}, r"^ensembles must be 1, which serves all seeds, or as many as there are seeds \(2\), not 3$"),
        ({"strategies": ["random"], "keep": "hard"}, "^keep and within are for strategies that rank by scores: "),
        ({"strategies": ["random"], "ensembles": 2}, "^ensembles are for strategies that rank by scores: "),
    ],
)
def test_what_does_not_fit_is_refused(changes, says):
    with pytest.raises(ArgumentError, match=says):
        grid(**changes)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({"strategies": ["rank"]}, "strategy"), ({"metrics": ["avg"]}, "metric"), ({"methods": ["ec"]}, "training method")],
)
def test_an_unknown_member_is_refused(changes, kind):
    with pytest.raises(UnknownNameError, match=f"^unknown {kind} "):
        grid(**changes)
