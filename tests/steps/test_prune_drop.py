"""Noise and copies are taken out first, and as many are kept in all as without it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typed import lt, ok

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError
from lt_prune.planning.dropping import copies_dropped
from lt_prune.planning.paths import subset_path

COUNTS = (30, 15, 10, 5)


@pytest.fixture
def index(blobs) -> lp.SampleIndex:
    return blobs(COUNTS).index


def scores_of(index: lp.SampleIndex) -> lp.ScoreSet:
    """ "avh" and "label-noise" at random, by two members, and the last eight of the largest class near-copies."""
    random = np.random.default_rng(0)
    near = np.full((2, index.n_samples), 0.5)
    last = np.flatnonzero(index.labels == 0)[-8:]
    near[:, last] = 0.999
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
    nearest = np.full(index.n_samples, -1, dtype=np.int32)
    nearest[last] = np.flatnonzero(index.labels == 0)[:8]
    metrics["near-duplicate"] = replace(metrics["near-duplicate"], nearest=nearest)
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


def test_copies_name_what_stays_of_them(blobs):
    data = blobs(COUNTS)
    pixels, rare = data.pixels.copy(), np.flatnonzero(data.index.labels == 3)
    pixels[rare[1:3]] = pixels[rare[0]]
    parts = {"labels": data.index.labels, "test_pixels": data.test_pixels, "test_labels": data.test_labels}
    source = Source(pixels=pixels, class_names=data.index.class_names, **parts)
    data = assemble(source, Cut(profile="none"), name="copied", spec="copied")
    index, alike = data.index, np.flatnonzero((data.pixels == pixels[rare[0]]).all(axis=(1, 2, 3)))
    subset = lp.prune(index, ratio=0.5, strategy="random", scores=scores_of(index), drop="duplicates")
    found = copies_dropped(subset, scores_of(index))
    exact = np.isnan(found.similarity)
    assert [(int(i), int(j)) for i, j in zip(found.rows[exact], found.of[exact])] == [
        (alike[1], alike[0]),
        (alike[2], alike[0]),
    ]
    assert len(found.rows) == 10
    assert copies_dropped(subset, None) is None
    assert copies_dropped(replace(subset, options={**subset.options, "scores": "others"}), scores_of(index)) is None


def test_scores_of_before_name_no_partner(index):
    scores = scores_of(index)
    metrics = {name: replace(each, nearest=None) for name, each in scores.metrics.items()}
    scores = replace(scores, metrics=metrics)
    found = copies_dropped(lp.prune(index, ratio=0.5, scores=scores, drop="duplicates"), scores)
    assert (len(found.rows), set(found.of.tolist())) == (8, {-1})


def test_where_exactly_so_many_go_nothing_else_does(index):
    subset = lp.prune(index, ratio=8 / 60, scores=scores_of(index), drop="duplicates")
    assert np.flatnonzero(~subset.kept).tolist() == np.flatnonzero(index.labels == 0)[-8:].tolist()


def test_more_than_the_ratio_removes_cannot_go(index):
    with pytest.raises(
        ArgumentError,
        match=r"^8 duplicates and 6 noisy are to be taken out first, and the ratio removes 6 of 60 samples: ask for a "
        r"ratio of 0\.2334 or more, or drop less$",
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
    copies, first = np.flatnonzero(data.index.labels == 0)[-8:], np.flatnonzero(data.index.labels == 0)[:8]
    ids = [f"{each:016x}" for each in data.index.ids]
    assert [(each["id"], each["of"]["id"]) for each in told["copies"]] == [(ids[i], ids[j]) for i, j in zip(copies, first)]
    assert [each["similarity"] for each in told["copies"]] == pytest.approx([0.999] * 8)
    shown = "".join(ok("prune --ratio 0.45 --strategy random --drop noisy:0.02,duplicates").stdout.split())
    words = ",".join(f"{ids[i]}(of{ids[j]},0.9990)" for i, j in zip(copies, first))
    assert shown.endswith(f";takenoutfirst:8duplicates,10noisycopiestakenout:{words}")
    audited = json.loads(ok(f"audit {told['file']} --json").stdout)["subsets"][0]["copies_dropped"]
    assert audited == told["copies"]
    assert f"was pruned without these copies: {ids[copies[0]]} (of" in ok(f"audit {told['file']}").stdout
    assert Path(told["file"]).name == "digits-lt10-random+noisy=0.02+duplicates=0.995-0.45.h5"
    refused = lt("prune --ratio 0.45 --drop nonsense")
    assert (refused.exit_code, refused.stderr.strip()) == (
        2,
        "lt-prune: drop must be of noisy:SHARE and duplicates[:SIMILARITY], not 'nonsense'",
    )
