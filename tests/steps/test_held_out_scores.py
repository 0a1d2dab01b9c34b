"""Scores by networks that did not train on the sample, and those that look at the test: kept beside the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.data.folds import folds_of
from lt_prune.engine import session
from lt_prune.errors import ArgumentError, DataError, MismatchError
from lt_prune.metrics import HELD_OUT
from lt_prune.metrics.label_noise import label_noise
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.store.weights import read_weights

SMALL: dict[str, Any] = {"epochs": 1, "model": "resnet8", "batch_size": 16, "members": 1}


def score(data: lp.LongTailedSet, **options: Any) -> lp.ScoreSet:
    return lp.score(data, **{**SMALL, "compute": lp.Compute(device="cpu"), **options})


@pytest.fixture
def trained(monkeypatch) -> list[Any]:
    """The runs that were asked for."""
    asked = []
    original = session.training

    def seen(run, *args, **options):
        asked.append(run)
        return original(run, *args, **options)

    monkeypatch.setattr(session, "training", seen)
    return asked


def test_each_network_trains_on_all_folds_but_one(blobs, trained):
    data = blobs()
    scores = score(data, folds=3)
    folds = folds_of(data.index.labels, data.index.ids, 3, seed=0)
    *of_folds, member = trained
    assert [run.rows.tolist() for run in of_folds] == [np.flatnonzero(folds != fold).tolist() for fold in range(3)]
    assert member.rows.tolist() == list(range(45))
    assert (scores.held_out.folds, len(scores.held_out.seconds), len(scores.held_out.arithmetic)) == (3, 3, 3)
    assert len({run.seed for run in trained}) == 4


def test_label_noise_is_that_of_the_kept_weights_in_evaluation_mode(blobs, in_tmp, trained):
    data = blobs((24, 12, 6, 1))
    scores = score(data, folds=3, epochs=2, out="mine.h5")
    folds = folds_of(data.index.labels, data.index.ids, 3, seed=0)
    probabilities = np.full((43, 4), np.nan, dtype=np.float32)
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0)
    accuracy = []
    for fold, run in enumerate(trained[:3]):
        network.load_state_dict(read_weights(Path(f"mine.members/{run.seed}.pt"), torch.device("cpu"))["network"])
        with torch.no_grad():
            p = network.eval()(torch.from_numpy(data.pixels).permute(0, 3, 1, 2)).logits.softmax(1).numpy()
        probabilities[folds == fold] = p[folds == fold]
        accuracy.append((p.argmax(1) == data.index.labels)[folds == fold].mean())
    np.testing.assert_allclose(
        scores.metric("label-noise").per_member[0], label_noise(probabilities, data.index.labels), atol=1e-5
    )
    assert scores.held_out.accuracy.tolist() == pytest.approx(accuracy)
    assert scores.metric("label-noise").mean[data.index.labels == 3].tolist() == [1], "the only one of its class"


def test_members_and_their_scores_are_as_without_folds(blobs):
    plain, folded = score(blobs(), members=2), score(blobs(), members=2, folds=2)
    assert set(folded.metrics) == {*plain.metrics, *HELD_OUT}
    assert folded.seeds == plain.seeds
    for name, each in plain.metrics.items():
        assert np.array_equal(folded.metrics[name].per_member, each.per_member)


def test_they_are_read_back_whole_and_added_to_a_file(blobs, in_tmp, trained):
    before = score(blobs(), members=2, out="mine.h5")
    trained.clear()
    after = score(blobs(), members=2, folds=3, out="mine.h5")
    assert len(trained) == 3, "the members are there"
    again = lp.read_scores("mine.h5")
    for name in after.metrics:
        assert np.array_equal(again.metrics[name].per_member, after.metrics[name].per_member)
    assert again.held_out.seconds.tolist() == after.held_out.seconds.tolist()
    assert again.held_out.accuracy.tolist() == after.held_out.accuracy.tolist()
    assert again.held_out.arithmetic == after.held_out.arithmetic
    assert np.array_equal(before.metric("avh").per_member, again.metric("avh").per_member)
    at_once = score(blobs(), members=2, folds=3)
    assert np.array_equal(at_once.metric("label-noise").per_member, after.metric("label-noise").per_member)


def test_members_that_are_added_have_the_same(blobs, in_tmp, trained):
    before = score(blobs(), folds=2, out="mine.h5")
    trained.clear()
    after = score(blobs(), members=3, out="mine.h5")
    assert len(trained) == 2
    assert np.array_equal(after.metric("label-noise").per_member, np.tile(before.metric("label-noise").per_member, (3, 1)))
    assert after.held_out.seconds.tolist() == before.held_out.seconds.tolist()


def test_the_same_call_again_trains_nothing(blobs, in_tmp, trained):
    score(blobs(), folds=2, out="mine.h5")
    content = Path("mine.h5").read_bytes()
    trained.clear()
    score(blobs(), folds=2, metric="label-noise", out="mine.h5")
    assert trained == []
    assert Path("mine.h5").read_bytes() == content


def test_other_folds_are_not_mixed_with_these(blobs, in_tmp):
    score(blobs(), folds=2, out="mine.h5")
    content = Path("mine.h5").read_bytes()
    with pytest.raises(MismatchError, match=r"^mine.h5 was made with folds 2, not 3: give another --out, or start again"):
        score(blobs(), folds=3, out="mine.h5")
    assert Path("mine.h5").read_bytes() == content


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("stop_at", ["fold 2 of 2", "member 1 of 1"])
def test_an_interrupted_call_goes_on_to_the_same(blobs, in_tmp, stop_at, trained):
    def stop(what: str, done: float, total: int) -> None:
        if (what, done) == (stop_at, 1):
            raise StoppedError

    with pytest.raises(StoppedError):
        score(blobs(), folds=2, epochs=2, out="mine.h5", progress=stop)
    assert not Path("mine.h5").exists()
    assert len(list(Path("mine.members").glob("*.pt"))) == len(trained)
    resumed, whole = score(blobs(), folds=2, epochs=2, out="mine.h5"), score(blobs(), folds=2, epochs=2)
    for name in whole.metrics:
        assert np.array_equal(resumed.metrics[name].per_member, whole.metrics[name].per_member)


@pytest.mark.slow
def test_workers_change_nothing(blobs):
    here, there = score(blobs(), folds=2), score(blobs(), folds=2, compute=lp.Compute(device="cpu", workers=2))
    assert np.array_equal(here.metric("label-noise").per_member, there.metric("label-noise").per_member)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"folds": 1}, "^folds must be at least 2, not 1$"),
        ({"folds": "many"}, "^folds must be a whole number, not 'many'$"),
        ({"folds": 46}, "^folds must be at most 45, as many as samples can be left out, not 46$"),
        (
            {"metric": "label-noise"},
            "^metric 'label-noise' needs networks that did not train on the sample: say in how many parts the samples are "
            "left out, such as --folds 5$",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_training(blobs, trained, options, says):
    with pytest.raises(ArgumentError, match=says):
        score(blobs(), **options)
    assert trained == []


@pytest.mark.parametrize("options", [{"folds": 46}, {"metric": "label-noise"}], ids=["folds", "metric"])
def test_a_refusal_leaves_what_was_to_be_overwritten(blobs, in_tmp, options):
    score(blobs(), out="mine.h5")
    before = {file: file.read_bytes() for file in [Path("mine.h5"), *Path("mine.members").glob("*.pt")]}
    with pytest.raises(ArgumentError):
        score(blobs(), out="mine.h5", overwrite=True, **options)
    assert {file: file.read_bytes() for file in before} == before


def test_flipped_labels_are_the_most_doubtful(blobs):
    """Of two classes that any network tells apart."""
    data = blobs((60, 30))
    wrong = np.random.default_rng(0).choice(90, 6, replace=False)
    labels = data.index.labels.copy()
    labels[wrong] = 1 - labels[wrong]
    flipped = replace(data, index=replace(data.index, labels=labels))
    noise = score(flipped, folds=3, epochs=8).metric("label-noise").mean
    assert set(np.argsort(noise)[:6]) == set(wrong)
    assert (noise[wrong] < 0).all()


# What looks at the test


def test_near_test_is_computed_where_it_is_named(blobs, in_tmp):
    data = blobs()
    tests = data.test_pixels.copy()
    tests[3] = data.pixels[7]
    leaking = replace(data, test_pixels=tests)
    assert "near-test" not in score(leaking, out="mine.h5").metrics
    scores = score(leaking, metric="near-test", out="mine.h5")
    assert scores.metric("near-test").mean[7] == pytest.approx(1, abs=1e-5)
    assert scores.metric("near-test").mean.argmax() == 7


def test_without_test_samples_it_is_refused(blobs):
    data = blobs()
    empty = replace(data, test_pixels=data.test_pixels[:0], test_labels=data.test_labels[:0])
    with pytest.raises(DataError, match="blobs has no test images to report on"):
        score(empty, metric="near-test")


def test_nothing_is_ranked_by_it(blobs):
    scores = score(blobs(), metric="near-test")
    says = "^near-test tells of the test set, by which nothing is decided: rank by another metric$"
    with pytest.raises(ArgumentError, match=says):
        lp.prune(scores=scores, metric="near-test", ratio=0.3)
    with pytest.raises(ArgumentError, match=says):
        lp.Grid(metrics=["near-test"])
    with pytest.raises(ArgumentError, match=says):
        score(blobs(), members="auto", metric="near-test")
