"""Files as the first version wrote them: every later one reads them, goes on with the interrupted run, and adds a member.

python tests/record/test_old_files.py      # writes files/0.1 again, which only a change of that version could call for
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.metrics import Metric
from lt_prune.metrics.observer import Observer

FILES = Path(__file__).with_name("files") / "0.1"
SMALL: dict[str, Any] = {"model": "resnet8", "epochs": 2, "compute": lp.Compute(n_threads=1)}


class StopError(Exception):
    """What interrupts a run."""


def stop_after_one_epoch(what: str, done: int, total: int) -> None:
    if done == 1:
        raise StopError


def make(folder: Path) -> None:
    """One file of each kind."""
    data = lp.build("digits", out=folder / "set.h5")
    scores = lp.score(data, members=1, epochs=1, model="resnet8", out=folder / "scores.h5")
    lp.write_subset(folder / "subset.h5", lp.prune(data, scores=scores, metric="avh", ratio=0.45))
    lp.train(data, subset=folder / "subset.h5", method="alas", stage2_epochs=1, out=folder / "finished", **SMALL)
    with pytest.raises(StopError):
        lp.train(data, method="mixup", progress=stop_after_one_epoch, out=folder / "interrupted", **SMALL)
    grid = lp.Grid(strategies=["random"], ratios=[0.5], seeds=[0])
    lp.sweep(data, grid, compute=lp.Compute(workers=1), out=folder / "sweep", epochs=1, model="resnet8")
    for weights in (folder / "sweep").rglob("model.pt"):  # the record and the results are enough
        weights.unlink()


@pytest.fixture
def old(tmp_path) -> Path:
    """A copy that may be written to."""
    shutil.copytree(FILES, tmp_path / "old")
    return tmp_path / "old"


def test_the_set_is_that_of_its_source(old):
    data, again = lp.read_set(old / "set.h5"), lp.build("digits")
    assert data.index.digest == again.index.digest
    assert np.array_equal(data.pixels, again.pixels)
    assert np.array_equal(data.test_labels, again.test_labels)


def test_the_scores_are_read_and_take_another_member(old):
    before = lp.read_scores(old / "scores.h5")
    assert before.metric("avh").per_member.shape == (1, 503)
    assert before.arithmetic == (lp.Arithmetic(),)
    after = lp.score(old / "set.h5", members=2, epochs=1, model="resnet8", out=old / "scores.h5")
    assert after.seeds[0] == before.seeds[0]
    for name, metric in before.metrics.items():
        assert np.array_equal(after.metric(name).per_member[:1], metric.per_member)


class Counted(Observer):
    """How often each sample came."""

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.register_buffer("times", torch.zeros(n_samples, dtype=torch.int64))

    def forward(self, rows: torch.Tensor, outputs: Any, target: torch.Tensor) -> None:
        self.times.index_add_(0, rows, torch.ones_like(rows))


def test_of_an_old_member_there_is_no_record(old):
    lp.register("metric", "counted", Metric(lambda record, labels: record.times, True, "by hand", Counted))
    how: dict[str, Any] = {"epochs": 1, "model": "resnet8", "out": old / "scores.h5"}
    before = (old / "scores.h5").read_bytes()
    with pytest.raises(lp.LtPruneError, match=r"needs a record of the training, and \S+members/\d+.pt was trained without"):
        lp.score(old / "set.h5", metric="counted", members=1, **how)
    assert (old / "scores.h5").read_bytes() == before
    assert set(lp.score(old / "set.h5", members=1, **how).metrics) == {"el2n", "avh"}


def test_the_subset_is_read(old):
    subset = lp.read_subset(old / "subset.h5")
    assert (subset.strategy, subset.ratio, int(subset.kept.sum())) == ("ranked", 0.45, 277)
    assert subset.index.digest == lp.read_set(old / "set.h5").index.digest


def test_the_finished_run_is_read_and_not_trained_again(old):
    result = lp.read_result(old / "finished" / "result.json")
    assert (result.method, result.spec.first.method, result.n_train) == ("alas", "mixup", 277)
    weights = old / "finished" / "model.pt"
    then = hashlib.sha256(weights.read_bytes()).hexdigest()
    data = lp.read_set(old / "set.h5")
    again = lp.train(data, subset=old / "subset.h5", method="alas", stage2_epochs=1, out=old / "finished", **SMALL)
    assert again.evaluation == result.evaluation
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == then


def test_the_weights_of_both_stages_are_known_again_without_their_results(old):
    before = lp.read_result(old / "finished" / "result.json")
    for file in (old / "finished").rglob("result.json"):
        file.unlink()
    data, subset = lp.read_set(old / "set.h5"), old / "subset.h5"
    again = lp.train(data, subset=subset, method="alas", stage2_epochs=1, out=old / "finished", **SMALL)
    assert again.loss == before.loss
    assert replace(again.spec.first, prediction="linear") == before.spec.first
    assert replace(again.spec, first=before.spec.first) == before.spec


def test_what_differs_from_the_old_runs_is_named(old):
    data, subset = lp.read_set(old / "set.h5"), old / "subset.h5"
    of_alas: dict[str, Any] = {"subset": subset, "method": "alas", "stage2_epochs": 1, "out": old / "finished"}
    for change, said in (({"epochs": 3}, "epochs 2, not 3"), ({"stage2_lr": 0.5}, r"stage2_lr \S+, not 0.5")):
        with pytest.raises(lp.LtPruneError, match=f"holds a finished run with {said}: give another --out"):
            lp.train(data, **of_alas, **{**SMALL, **change})
    with pytest.raises(lp.LtPruneError, match=r"is of a run with lr 0.1, not 0.05: give"):
        lp.train(data, method="mixup", out=old / "interrupted", lr=0.05, **SMALL)


def test_the_finished_run_is_tested_again(old):
    result = lp.read_result(old / "finished" / "result.json")
    found = lp.evaluate(old / "finished", lp.read_set(old / "set.h5"))
    assert found.n_test == result.evaluation.n_test
    assert found.overall == pytest.approx(result.evaluation.overall, abs=0.01)  # of 500, on another processor


def test_the_interrupted_run_goes_on_from_its_first_epoch(old):
    kept = torch.load(old / "interrupted" / "model.pt", weights_only=True)
    assert len(kept["loss"]) == 1
    data = lp.read_set(old / "set.h5")
    result = lp.train(data, method="mixup", out=old / "interrupted", **SMALL)
    assert (len(result.loss), result.loss[0]) == (2, kept["loss"][0])
    whole = lp.train(data, method="mixup", **SMALL)
    assert result.loss[1] == pytest.approx(whole.loss[1], rel=0.05)


def test_the_sweep_is_read(old):
    rows = lp.results(old / "sweep")
    assert [(row["strategy"], row["ratio"], row["n"], row["missing"]) for row in rows] == [
        (None, 0.0, 1, 0),
        ("random", 0.5, 1, 0),
    ]
    assert lp.results(old / "sweep" / "runs" / "digits-lt10-sweep.json") == rows


if __name__ == "__main__":
    shutil.rmtree(FILES, ignore_errors=True)
    make(FILES)
    for left in FILES.rglob(".lock"):
        left.unlink()
