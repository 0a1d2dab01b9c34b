"""Which sample another is near to: from the metrics to the score file, to audits, prunings and tables."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typed import ok

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.planning.joining import joined_scores

NEAR = ("near-duplicate", "near-other", "near-test")
SMALL: dict[str, Any] = {"members": 2, "epochs": 1, "compute": lp.Compute(device="cpu"), "metric": NEAR}


@pytest.fixture
def vectors() -> lp.LongTailedSet:
    """Row 1 of the source is nearly 0, 2 is 0 but of another class, 3 is 0 but of the test."""
    random = np.random.default_rng(0)
    values, labels = random.normal(0, 1, (40, 6)).astype(np.float32), np.arange(40) % 3
    tests = random.normal(0, 1, (5, 6)).astype(np.float32)
    labels[:3] = 0, 0, 1
    values[1], values[2], tests[3] = values[0] + 1e-4, values[0] + 2e-4, values[0] + 3e-4
    more = {"test_pixels": tests, "test_labels": np.zeros(5, dtype=np.int64), "class_names": ("a", "b", "c")}
    return assemble(Source(pixels=values, labels=labels, **more), Cut(profile="none"), name="vectors", spec="vectors")


def rows_by_place(index: lp.SampleIndex) -> list[int]:
    """The row of each sample of the source."""
    return np.argsort(index.source_index).tolist()


def test_a_score_file_keeps_which_sample_each_is_near_to(vectors, in_tmp):
    scores = lp.score(vectors, out="scores.h5", **SMALL)
    again, row = lp.read_scores("scores.h5"), rows_by_place(vectors.index)
    for name in NEAR:
        assert again.metric(name).nearest.dtype == np.int32
        assert np.array_equal(again.metric(name).nearest, scores.metric(name).nearest)
    first, second = sorted(row[:2])
    assert again.metric("near-duplicate").nearest[second] == first
    assert again.metric("near-other").nearest[row[2]] in row[:2]
    assert again.metric("near-test").nearest[row[:3]].tolist() == [3, 3, 3]
    assert {each.nearest is None for name, each in again.metrics.items() if name not in NEAR} == {True}


def test_what_counts_is_the_member_that_finds_it_least_alike():
    def by(scores: list[float], nearest: list[int] | None) -> lp.MetricScores:
        rows = None if nearest is None else np.array(nearest, dtype=np.int32)
        return lp.MetricScores(
            per_member=np.array([scores], dtype=np.float32), higher_is_harder=False, equation="", nearest=rows
        )

    one, other = by([0.9, 0.8, 0.7], [-1, 0, 1]), by([0.95, 0.7, 0.7], [2, 2, 0])
    for both in (one.joined(other), other.joined(one)):
        assert both.nearest[:2].tolist() == [-1, 2]
        assert both.least.tolist() == pytest.approx([0.9, 0.7, 0.7])
    assert one.joined(other).per_member.tolist() == [*one.per_member.tolist(), *other.per_member.tolist()]
    assert one.joined(by([0, 0, 0], None)).nearest is None


def test_near_copies_are_audited_pruned_and_tabled_by_name(vectors, in_tmp):
    lp.write_set("vectors.h5", vectors)
    ok("score --data vectors.h5 --members 1 --epochs 1 --metric near-duplicate,near-test --out scores.h5")
    index, row = vectors.index, rows_by_place(vectors.index)
    (first, second), ids = sorted(row[:2]), [f"{each:016x}" for each in index.ids]
    told = ok("prune --ratio 0.4 --strategy random --scores scores.h5 --drop duplicates:0.9999 --out less.h5").stdout
    assert f"copies taken out: {ids[second]} (of {ids[first]}, 1.0000)" in " ".join(told.split())
    lp.prune(vectors, strategy="random", ratio=0.1, out="more.h5")
    audited = " ".join(ok("audit more.h5 --scores scores.h5 --data vectors.h5").stdout.split())
    assert f"{ids[row[0]]} (of test sample 3, 1.0000)" in audited or not lp.read_subset("more.h5").kept[row[0]]
    ok("scores scores.h5 --metric near-duplicate --csv near.csv")
    ok("scores scores.h5 --metric near-test --csv leaks.csv")
    with open("near.csv") as near, open("leaks.csv") as leaks:
        nearest = {each["id"]: each["nearest"] for each in csv.DictReader(near)}
        tests = {each["id"]: each["nearest"] for each in csv.DictReader(leaks)}
    assert nearest[ids[second]] == ids[first]
    assert [tests[ids[each]] for each in row[:3]] == ["3", "3", "3"]


def test_rows_follow_where_scores_are_joined_by_names(vectors):
    scores, n = lp.score(vectors, **SMALL), vectors.index.n_samples
    names = tuple(f"{each}.png" for each in range(n))
    order = np.random.default_rng(3).permutation(n)
    mine = replace(vectors.index, file_names=names)
    other = replace(
        mine,
        ids=mine.ids + np.uint64(1),
        labels=mine.labels[order],
        source_index=mine.source_index[order],
        file_names=tuple(names[i] for i in order),
    )
    moved = joined_scores(replace(scores, index=mine), other, "these", "names")
    for name in NEAR:
        was, now = scores.metric(name).nearest, moved.metric(name).nearest
        of = [f"{i}" if name == "near-test" or i < 0 else names[i] for i in was]
        found = [f"{i}" if name == "near-test" or i < 0 else other.file_names[i] for i in now]
        assert dict(zip(other.file_names, found)) == dict(zip(names, of))


def test_features_made_elsewhere_name_it_too(vectors):
    features = np.stack([vectors.pixels, vectors.pixels[:, ::-1]])
    arrays = {"id": vectors.index.ids, "features": features}
    found = lp.import_outputs(arrays, vectors.index, metric="near-duplicate").metric("near-duplicate")
    first, second = sorted(rows_by_place(vectors.index)[:2])
    assert (found.per_member.shape, found.nearest[second]) == ((2, 40), first)


@pytest.mark.parametrize(
    "nearest", [np.zeros(3, dtype=np.int32), np.zeros(40, dtype=np.int64), np.full(40, -2, dtype=np.int32)]
)
def test_what_can_be_no_rows_is_no_whole_file(vectors, in_tmp, nearest):
    scores = lp.score(vectors, **{**SMALL, "metric": "near-duplicate"})
    broken = {**scores.metrics, "near-duplicate": replace(scores.metric("near-duplicate"), nearest=nearest)}
    with pytest.raises(lp.LtPruneError, match="the nearest by near-duplicate must be"):
        lp.write_scores("broken.h5", replace(scores, metrics=broken))


# What test samples are called


def test_test_samples_of_files_are_known_by_name(blob_folder, in_tmp):
    blob_folder()
    data = lp.build("folder:photos", reading=lp.Reading(holdout=None), out="photos.h5")
    assert len(data.test_file_names) == len(data.test_labels)
    pictures = {name: image.tobytes() for name, image in zip(data.test_file_names, data.test_pixels)}
    again = lp.read_set("photos.h5")
    assert again.test_file_names == data.test_file_names
    streamed = lp.build("folder:photos", reading=lp.Reading(loading="stream"))
    assert {name: image.tobytes() for name, image in zip(streamed.test_file_names, streamed.test_pixels[:])} == pictures


def test_held_out_samples_keep_their_names(blob_folder, in_tmp):
    blob_folder()
    shutil.move("photos/train", "only")
    whole = lp.build("folder:only", reading=lp.Reading(holdout=0))
    held = lp.build("folder:only", reading=lp.Reading(holdout=0.3))
    images = {name: image.tobytes() for name, image in zip(whole.index.file_names, whole.pixels)}
    assert len(held.test_file_names) == len(held.test_labels) > 0
    assert all(images[name] == image.tobytes() for name, image in zip(held.test_file_names, held.test_pixels))


@pytest.mark.filterwarnings("ignore:left out 1 of")
def test_broken_ones_that_are_left_out_shift_no_name(blob_folder, in_tmp):
    blob_folder()
    broken = sorted(Path("photos/test").rglob("*.png"))[1]
    broken.write_bytes(b"nonsense")
    data = lp.build("folder:photos", reading=lp.Reading(skip_broken=True))
    assert broken.relative_to("photos").as_posix() not in data.test_file_names
    assert len(data.test_file_names) == len(data.test_labels)
