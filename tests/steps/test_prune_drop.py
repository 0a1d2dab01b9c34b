"""Noise and copies are taken out first, and as many are kept in all as without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.planning.paths import subset_path

COUNTS = (30, 15, 10, 5)


@pytest.fixture
def index(blobs) -> lp.SampleIndex:
    return blobs(COUNTS).index


def scores_of(index: lp.SampleIndex) -> lp.ScoreSet:
    """ "avh" and "label-noise" at random, by two members, and the last eight of the largest class near-copies."""
    random = np.random.default_rng(0)
    near = np.full((2, index.n_samples), 0.5)
    near[:, np.flatnonzero(index.labels == 0)[-8:]] = 0.999
    rows = {
        "avh": (random.random((2, index.n_samples)), True),
        "label-noise": (np.tile(random.uniform(-1, 1, index.n_samples), (2, 1)), False),
        "near-duplicate": (near, False),
        "mean-confidence": (random.random((2, index.n_samples)), False),
    }
    metrics = {
        name: lp.MetricScores(per_member=each.astype(np.float32), higher_is_harder=hard, equation="")
        for name, (each, hard) in rows.items()
    }
    made: dict[str, Any] = {"train_accuracy": np.ones(2), "seconds": np.ones(2), "recipe": lp.Recipe(), "versions": {}}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=(1, 2), **made)


HOW: list[dict[str, Any]] = [
    {},
    {"strategy": "random"},
    {"budget": "equal", "select": "random"},
    {"budget": "proportional"},
    {"strategy": "ccs"},
    {"strategy": "dual"},
    {"strategy": "rcap"},
    {"select": "k-center"},
]


@pytest.mark.parametrize("how", HOW, ids=lambda how: "+".join(map(str, how.values())) or "ranked")
def test_what_is_left_is_pruned_to_the_size_that_was_asked_for(index, how):
    scores = scores_of(index)
    features = {"features": np.random.default_rng(0).normal(size=(60, 3))} if how == {"select": "k-center"} else {}
    subset = lp.prune(index, ratio=0.5, scores=scores, drop="noisy:0.1,duplicates", **how, **features)
    copies = np.flatnonzero(index.labels == 0)[-8:]
    assert subset.kept.sum() == 30
    assert not subset.kept[copies].any()
    assert subset.options["dropped"] == {"duplicates": 8, "noisy": 6}
    assert subset.options["drop"] == "noisy:0.1,duplicates:0.995"
    assert subset.options["scores"] == scores.digest
    assert subset.kept_counts.min() >= 1
    noise = scores.metric("label-noise").mean
    gone = [i for i in np.argsort(noise, kind="stable") if i not in copies]
    least = {c: max((i for i in gone if index.labels[i] == c), key=lambda i: noise[i]) for c in range(4)}
    noisy = [i for i in gone if i not in least.values()][:6]
    assert not subset.kept[noisy].any()


def test_the_budget_is_that_of_what_is_left(index):
    subset = lp.prune(index, ratio=0.2, scores=scores_of(index), budget="proportional", drop="duplicates")
    left = np.array([22, 15, 10, 5])
    assert subset.kept.sum() == 48
    assert (np.abs(subset.kept_counts - left * 48 / 52) < 1).all()


def test_where_exactly_so_many_go_nothing_else_does(index):
    subset = lp.prune(index, ratio=8 / 60, scores=scores_of(index), drop="duplicates")
    assert np.flatnonzero(~subset.kept).tolist() == np.flatnonzero(index.labels == 0)[-8:].tolist()


def test_more_than_the_ratio_removes_cannot_go(index):
    with pytest.raises(
        ArgumentError,
        match=r"^8 duplicates and 6 noisy are to be taken out first, and the ratio removes 6 of 60 samples: ask for a "
        r"ratio of 0\.2333 or more, or drop less$",
    ):
        lp.prune(index, ratio=0.1, scores=scores_of(index), drop="noisy:0.1,duplicates")


def test_without_scores_there_is_nothing_to_go_by(index):
    with pytest.raises(ArgumentError, match=r"^drop reads scores by 'near-duplicate': give a score file"):
        lp.prune(index, ratio=0.5, strategy="random", drop="duplicates")


def test_it_is_in_the_name_and_in_the_file(index, in_tmp):
    scores = scores_of(index)
    subset = lp.prune(index, ratio=0.5, scores=scores, drop=["duplicates", "noisy:0.05"])
    assert subset.strategy == "ranked+noisy=0.05+duplicates=0.995"
    plain = lp.prune(index, ratio=0.5, scores=scores)
    assert (plain.strategy, "drop" in plain.options) == ("ranked", False)
    lp.write_subset(subset_path(subset), subset)
    again = lp.read_subset("subsets/blobs-ranked+noisy=0.05+duplicates=0.995-avh-0.5.h5")
    assert (again.digest, dict(again.options)) == (subset.digest, dict(subset.options))
    lp.prune(index, ratio=0.5, scores=scores, drop="noisy:0.05,duplicates", out=subset_path(subset))


def test_copies_of_another_order_of_the_source_are_the_same(blobs):
    order = np.random.default_rng(0).permutation(60)
    one, other = blobs(COUNTS).index, blobs(COUNTS, order=order).index
    prunings = [lp.prune(each, ratio=0.5, scores=scores_of(each), drop="noisy:0.1,duplicates") for each in (one, other)]
    assert prunings[0].digest == prunings[1].digest


def test_the_command_takes_it(in_tmp):
    data = lp.build("digits")
    lp.write_scores("scores/digits-lt10.h5", scores_of(data.index))
    told = json.loads(ok("prune --ratio 0.45 --strategy random --drop noisy:0.02,duplicates --json").stdout)
    assert told["options"]["dropped"] == {"duplicates": 8, "noisy": 10}
    assert told["n_kept"] == 277
    shown = ok("prune --ratio 0.45 --strategy random --drop noisy:0.02,duplicates").stdout
    assert shown.splitlines()[-1].endswith("; taken out first: 8 duplicates, 10 noisy")
    assert Path(told["file"]).name == "digits-lt10-random+noisy=0.02+duplicates=0.995-0.45.h5"
    refused = lt("prune --ratio 0.45 --drop nonsense")
    assert (refused.exit_code, refused.stderr.strip()) == (
        2,
        "lt-prune: drop must be of noisy:SHARE and duplicates[:SIMILARITY], not 'nonsense'",
    )
