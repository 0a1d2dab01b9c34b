"""Metrics that are computed from a record of the members' training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.engine import session
from lt_prune.engine.step import Step
from lt_prune.errors import MemberError, MismatchError
from lt_prune.metrics import METRICS, metric
from lt_prune.metrics.observer import Observer, name_of
from lt_prune.store.weights import read_weights, write_weights

SMALL = {"epochs": 2, "model": "resnet8", "batch_size": 16, "compute": lp.Compute(device="cpu"), "members": 2}
UNASKED = [name for name in METRICS.names if METRICS.load(name).is_cheap(45)]


class Missed(Observer):
    """How often each sample was classified wrongly."""

    made = 0

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        Missed.made += 1
        self.register_buffer("times", torch.zeros(n_samples, dtype=torch.int64))

    def forward(self, rows: torch.Tensor, outputs: Any, target: torch.Tensor) -> None:
        self.times.index_add_(0, rows, (outputs.logits.argmax(1) != target.argmax(1)).long())


@metric(higher_is_harder=True, equation="epochs in which it was missed", observer=Missed)
def missed(record: Missed, labels: torch.Tensor) -> torch.Tensor:
    return record.times


@metric(higher_is_harder=False, equation="epochs in which it was not missed", observer=Missed)
def hit(record: Missed, labels: torch.Tensor) -> torch.Tensor:
    return 2.0 - record.times


class Broken(Missed):
    def forward(self, rows: torch.Tensor, outputs: Any, target: torch.Tensor) -> None:
        raise ValueError("what is wrong")


def score(data: lp.LongTailedSet, **options: Any) -> lp.ScoreSet:
    return lp.score(data, **{**SMALL, **options})


@pytest.fixture
def trainings(monkeypatch) -> list[int]:
    """Seeds of the networks that were asked for, in order."""
    asked: list[int] = []
    original = session.training

    def counted(run, *args, **options):
        asked.append(run.seed)
        return original(run, *args, **options)

    monkeypatch.setattr(session, "training", counted)
    return asked


def rows_of(scores: lp.ScoreSet, name: str) -> list[list[float]]:
    return scores.metric(name).per_member.tolist()


def stop_after_an_epoch(what: str, done: float, total: int) -> None:
    if (what, done) == ("member 1 of 2", 1):
        raise InterruptedError


def test_it_is_what_happened_in_the_training(blobs, monkeypatch):
    times = np.zeros(45)
    eager = Step.__call__

    def spied(self: Step, batches: Any) -> torch.Tensor:
        with torch.no_grad():  # batch normalisation takes the statistics of the batch, whatever comes after
            before = {name: buffer.clone() for name, buffer in self.forward.network.named_buffers()}
            logits = self.forward(batches[0].pixels).logits
            for name, buffer in self.forward.network.named_buffers():
                buffer.copy_(before[name])
        for row, wrong in zip(batches[0].rows.tolist(), (logits.argmax(1) != batches[0].target.argmax(1)).tolist()):
            times[row] += wrong
        return eager(self, batches)

    lp.register("metric", "missed", missed)
    monkeypatch.setattr(Step, "__call__", spied)
    scores = score(blobs(), metric="missed", members=1)
    assert rows_of(scores, "missed") == [times.tolist()]
    assert 0 < times.sum() < 90
    declared = scores.metric("missed")
    assert (declared.higher_is_harder, declared.equation) == (True, "epochs in which it was missed")


def test_the_other_metrics_are_as_if_nothing_watched(blobs):
    alone = score(blobs())
    lp.register("metric", "missed", missed)
    scores = score(blobs())
    assert list(scores.metrics) == [*UNASKED, "missed"]
    assert all(rows_of(scores, name) == rows_of(alone, name) for name in UNASKED)


def test_metrics_of_one_observer_share_its_record(blobs):
    for name, each in (("missed", missed), ("hit", hit)):
        lp.register("metric", name, each)
    before = Missed.made
    scores = score(blobs(), members=1)
    assert Missed.made == before + 2  # one that is tried, and one that watches
    assert np.array_equal(scores.metric("hit").mean, 2 - scores.metric("missed").mean)
    assert np.array_equal(scores.metric("hit").difficulty, scores.metric("missed").difficulty - 2)


def test_another_metric_of_a_kept_record_is_read_off_it(blobs, in_tmp, trainings):
    lp.register("metric", "missed", missed)
    before = score(blobs(), out="mine.h5")
    weights = {file: file.read_bytes() for file in Path("mine.members").glob("*.pt")}
    lp.register("metric", "hit", hit)
    after = score(blobs(), out="mine.h5", metric="hit")
    assert np.array_equal(after.metric("hit").per_member, 2 - before.metric("missed").per_member)
    assert {file: file.read_bytes() for file in Path("mine.members").glob("*.pt")} == weights


def test_members_that_are_added_are_watched_too(blobs, in_tmp):
    lp.register("metric", "missed", missed)
    score(blobs(), members=1, out="mine.h5")
    assert rows_of(score(blobs(), out="mine.h5"), "missed") == rows_of(score(blobs()), "missed")


def test_an_interrupted_member_ends_at_the_same_record(blobs, in_tmp):
    lp.register("metric", "missed", missed)
    with pytest.raises(InterruptedError):
        score(blobs(), out="mine.h5", progress=stop_after_an_epoch)
    assert rows_of(score(blobs(), out="mine.h5"), "missed") == rows_of(score(blobs()), "missed")


def test_members_without_the_record_are_trained_again_only_where_that_is_asked_for(blobs, in_tmp, trainings):
    before = score(blobs(), out="mine.h5")
    lp.register("metric", "missed", missed)
    content = Path("mine.h5").read_bytes()
    trainings.clear()
    says = (
        rf"^metric 'missed' needs a record of the training, and mine.members/{before.seeds[0]}.pt was trained without one: "
        "give another --out, or train the members again, for all metrics, with --overwrite$"
    )
    for members in (2, 3):
        with pytest.raises(MismatchError, match=says):
            score(blobs(), members=members, out="mine.h5", metric="missed")
    assert trainings == []
    assert Path("mine.h5").read_bytes() == content
    assert set(score(blobs(), out="mine.h5").metrics) == {*UNASKED}, "what is not asked for is left as it is"
    after = score(blobs(), out="mine.h5", metric="missed", overwrite=True)
    assert after.seeds == before.seeds
    assert all(rows_of(after, name) == rows_of(before, name) for name in UNASKED)
    assert rows_of(after, "missed") == rows_of(score(blobs()), "missed")


def test_a_half_trained_member_without_the_record_leaves_the_metric_out(blobs, in_tmp):
    with pytest.raises(InterruptedError):
        score(blobs(), out="mine.h5", progress=stop_after_an_epoch)
    lp.register("metric", "missed", missed)
    with pytest.raises(MismatchError, match=r"^metric 'missed' needs a record of the training, and mine.members/\d+.pt "):
        score(blobs(), out="mine.h5", metric="missed")
    with pytest.warns(
        UserWarning, match=r"^metric 'missed' needs a record .* was trained without one; this metric is left out"
    ):
        scores = score(blobs(), out="mine.h5")
    assert list(scores.metrics) == UNASKED
    assert rows_of(scores, "avh") == rows_of(score(blobs()), "avh")


def test_a_kept_record_that_is_none_of_its_is_no_record(blobs, in_tmp):
    lp.register("metric", "missed", missed)
    scores = score(blobs(), members=1, out="mine.h5")
    (file,) = Path("mine.members").glob("*.pt")
    saved = read_weights(file, torch.device("cpu"))
    name = name_of(Missed)
    write_weights(file, {**saved, "observers": {name: {"times": torch.zeros(3)}}})
    lp.register("metric", "hit", hit)
    with pytest.raises(
        MemberError, match=r"^metric 'hit' needs a record of the training, and mine.members/\d+.pt holds no "
    ):
        score(blobs(), members=1, out="mine.h5", metric="hit")
    assert scores.metric("missed").per_member.shape == (1, 45)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            lambda record, labels: record.times[1:],
            r"one number a sample, a tensor \(45,\) of this set, .* torch.int64 \(44,\)",
        ),
        (lambda record, labels: record.times / 0.0, "finite numbers, and those of 45 samples in a set of 45 are not"),
        (lambda record, labels: record.nothing, "fails: AttributeError"),
    ],
    ids=["a sample less", "infinite", "raises"],
)
def test_it_gives_one_finite_number_a_sample(blobs, answer, says):
    lp.register("metric", "mine", metric(higher_is_harder=True, equation="by hand", observer=Missed)(answer))
    with pytest.raises(MemberError, match=f"^metric 'mine' .*{says}"):
        score(blobs(), members=1, metric="mine")
    with pytest.warns(UserWarning, match=f"^metric 'mine' .*{says}.*; this metric is left out$"):
        assert list(score(blobs(), members=1).metrics) == UNASKED


def test_a_broken_observer_stops_only_its_metric(blobs):
    lp.register("metric", "mine", metric(higher_is_harder=True, equation="by hand", observer=Broken)(missed.function))
    lp.register("metric", "missed", missed)
    says = "metric 'mine' needs a record of the training, and its observer fails: ValueError: what is wrong"
    with pytest.raises(MemberError, match=f"^{says}$"):
        score(blobs(), members=1, metric="mine")
    with pytest.warns(UserWarning, match=f"^{says}; this metric is left out$"):
        assert list(score(blobs(), members=1).metrics) == [*UNASKED, "missed"]


@pytest.mark.parametrize("kind", [Observer(1, 1), torch.nn.Linear, "Observer"])
def test_a_metric_names_a_kind_of_observer(kind):
    wrong = metric(higher_is_harder=True, equation="by hand", observer=kind)(missed.function)
    with pytest.raises(MemberError, match=r"^metric 'mine' .* must name a subclass of Observer as its observer, not "):
        lp.register("metric", "mine", wrong)


@pytest.mark.slow
def test_it_is_recorded_in_worker_processes(blobs):
    """Which know of the observer by what it is."""
    shift = 3

    class Local(Missed):
        def forward(self, rows: torch.Tensor, outputs: Any, target: torch.Tensor) -> None:
            super().forward(rows, outputs, target)
            self.times.add_(shift)

    lp.register("metric", "missed", missed)
    lp.register("metric", "local", metric(higher_is_harder=True, equation="by hand", observer=Local)(missed.function))
    scores = score(blobs(), compute=lp.Compute(device="cpu", workers=2))
    n_steps = 2 * 3
    assert np.array_equal(scores.metric("local").per_member, scores.metric("missed").per_member + shift * n_steps)


def test_subsets_are_ranked_by_it(blobs, in_tmp):
    lp.register("metric", "missed", missed)
    data = blobs()
    subset = lp.prune(data, scores=score(data), metric="missed", ratio=0.4)
    assert subset.options["metric"] == "missed"
    assert subset.kept.sum() == 27
