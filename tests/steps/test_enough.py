"""As many members as are enough: two halves of them keep the same samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typed import ok

import lt_prune as lp
from lt_prune.engine import run_all, session
from lt_prune.errors import ArgumentError
from lt_prune.measures import jaccard
from lt_prune.steps import gathering
from lt_prune.steps.enough import MOST, Enough

SMALL: dict[str, Any] = {"epochs": 2, "model": "resnet8", "batch_size": 16}


def score(data: lp.LongTailedSet, **options: Any) -> lp.ScoreSet:
    return lp.score(data, **{**SMALL, "members": "auto", "compute": lp.Compute(device="cpu"), **options})


class Told(list):
    """A progress that keeps what it is told in sentences."""

    def __call__(self, what: str, done: float, total: int) -> None:
        pass

    def announce(self, sentence: str) -> None:
        self.append(sentence)


def scores_of(index: lp.SampleIndex, noise: float, members: int = 10) -> lp.ScoreSet:
    """By members that agree but for so much noise."""
    random = np.random.default_rng(0)
    rows = (random.random(index.n_samples) + noise * random.normal(size=(members, index.n_samples))).astype(np.float32)
    metric = lp.MetricScores(per_member=rows, higher_is_harder=True, equation="")
    made: dict[str, Any] = {"train_accuracy": np.ones(members), "seconds": np.full(members, 2.0), "versions": {}}
    return lp.ScoreSet(index=index, metrics={"avh": metric}, seeds=tuple(range(members)), recipe=lp.Recipe(), **made)


def by_hand(scores: lp.ScoreSet, k: int, ratio: float) -> float:
    """What the hardest by either half of the first k members have in common; where no class could be emptied."""
    rows, n_keep = scores.metrics["avh"].per_member[:k].astype(np.float64), 60 - round(ratio * 60)
    kept = [np.isin(np.arange(60), np.argsort(half.mean(0), kind="stable")[-n_keep:]) for half in (rows[::2], rows[1::2])]
    return jaccard(*kept)


@pytest.mark.parametrize("stable", [0.6, 0.75, 0.9])
def test_the_first_even_number_whose_halves_agree_is_enough(blobs, stable):
    scores = scores_of(blobs((30, 30)).index, noise=0.3)
    overlaps = {k: by_hand(scores, k, 0.45) for k in range(2, 11, 2)}
    enough, told = Enough("avh", 0.45, stable), Told()
    assert enough.look(scores, told) is (max(overlaps.values()) >= stable)
    assert enough.found == next((k for k, share in overlaps.items() if share >= stable), None)
    looked_at = [k for k in overlaps if k <= (enough.found or 10)]
    assert enough.overlaps == {k: pytest.approx(overlaps[k]) for k in looked_at}
    assert told == [f"{k} members: at 0.45 both halves keep {overlaps[k]:.3f} of what either keeps" for k in looked_at]


def test_each_number_is_looked_at_once(blobs):
    scores, told = scores_of(blobs((30, 30)).index, noise=1.0), Told()
    enough = Enough("avh", 0.45, 0.99)
    for members in (2, 3, 4, 5, 6):
        part = scores_of(scores.index, noise=1.0, members=members)
        assert not enough.look(part, told)
    assert [sentence.split()[0] for sentence in told] == ["2", "4", "6"]


def test_what_is_saved_and_what_is_not_enough_is_told(blobs):
    index = blobs((30, 30)).index
    steady, unsteady = Enough("avh", 0.45, 0.95), Enough("avh", 0.45, 0.95)
    steady.look(scores_of(index, noise=0.0, members=2), Told())
    assert steady.saved(scores_of(index, 0.0, members=2)) == "2 members are enough: 8 fewer, about 16 s of training"
    assert steady.warnings(scores_of(index, 0.0, members=2)) == []
    scores = scores_of(index, noise=2.0)
    unsteady.look(scores, Told())
    assert unsteady.saved(scores) == ""
    assert unsteady.warnings(scores) == [
        f"10 members are not enough by avh: at 0.45 both halves keep {by_hand(scores, 10, 0.45):.3f} of what either keeps, "
        "and 0.95 was asked for; ask for more by --members 20, or for less by --stable"
    ]


def in_another_order(runs, compute, **options):
    """As by workers of which the first are the slowest."""
    ended = list(run_all(runs, compute, **options))
    yield from [*ended[3:], *ended[:3][::-1]]


def test_the_members_are_the_same_in_whatever_order_they_end(blobs, in_tmp, monkeypatch):
    data = blobs()
    scores = score(data, stable=0.6, out="mine.h5")
    assert 2 <= len(scores.seeds) < MOST
    assert len(scores.seeds) % 2 == 0
    monkeypatch.setattr(gathering, "run_all", in_another_order)
    for other in (score(data, stable=0.6), score(data, members=len(scores.seeds)), lp.read_scores("mine.h5")):
        assert other.seeds == scores.seeds
        for name, each in scores.metrics.items():
            assert np.array_equal(other.metrics[name].per_member, each.per_member)


def test_what_is_there_already_is_looked_at_first(blobs, in_tmp, monkeypatch):
    score(blobs(), members=6, out="mine.h5")
    content = Path("mine.h5").read_bytes()
    monkeypatch.setattr(session, "training", lambda *args, **options: pytest.fail("nothing is to be trained"))
    assert len(score(blobs(), stable=0.2, out="mine.h5").seeds) == 6
    assert Path("mine.h5").read_bytes() == content


def test_where_ten_are_not_enough_it_is_said(blobs):
    with pytest.warns(lp.DecisionWarning, match=r"^10 members are not enough by avh: at 0.45 both halves keep 0\.\d+ of"):
        scores = score(blobs(), stable=1.0, epochs=1)
    assert len(scores.seeds) == 10


def test_folds_are_trained_however_few_members_are_enough(blobs):
    scores = score(blobs(), stable=0.2, folds=2)
    assert len(scores.seeds) == 2
    assert scores.held_out.folds == 2
    assert scores.metric("label-noise").per_member.shape == (2, 45)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"members": "some"}, "^members must be a whole number or auto, not 'some'$"),
        (
            {"members": 3, "ratio": 0.4},
            "^ratio decides how many members are enough: ask for --members auto, or leave",
        ),
        ({"members": 3, "stable": 0.9}, "^stable decides how many members are enough: ask for --members auto, or leave it"),
        ({"ratio": 1.5}, r"must be in \[0, 1\), not 1.5"),
        ({"stable": 0}, r"^stable must be a share in \(0, 1\], not 0$"),
        ({"stable": "much"}, r"^stable must be a number, not 'much'$"),
        ({"metric": "label-noise", "folds": 2}, "^members do not differ in 'label-noise': name another metric first"),
    ],
)
def test_what_cannot_be_is_refused(blobs, options, says):
    with pytest.raises(ArgumentError, match=says):
        score(blobs(), **options)


def test_the_command_takes_it(in_tmp):
    small = "--epochs 2 --model resnet8 --batch-size 32"
    done = ok(f"score --members auto --ratio 0.3 --stable 0.3 {small} --json")
    assert json.loads(done.stdout)["members"] == 2
    assert "2 members: at 0.3 both halves keep 0." in done.stderr
    assert "2 members are enough: 8 fewer, about " in done.stderr
    assert json.loads(ok(f"score --members 3 {small} --json").stdout)["members"] == 3
