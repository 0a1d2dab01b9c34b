"""What watches a training sees all of it, once, and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from stepping import StoppedError, train

from lt_prune.config.recipe import Recipe
from lt_prune.engine.observers import Observers
from lt_prune.engine.runs import Run, Trained
from lt_prune.methods.ce import CrossEntropy
from lt_prune.metrics.observer import Observer
from lt_prune.models import find_model
from lt_prune.store.weights import read_weights, write_weights


class Seen(Observer):
    """How often each sample came, the sum of its true class's logits, and the epochs."""

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.register_buffer("often", torch.zeros(n_samples, dtype=torch.int64))
        self.register_buffer("sum", torch.zeros(n_samples))
        self.register_buffer("epochs", torch.zeros(2, dtype=torch.int64))

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        self.epochs[0] += 1 + epoch + 10 * epochs

    def end_epoch(self) -> None:
        self.epochs[1] += 1

    def forward(self, rows: torch.Tensor, outputs: Any, target: torch.Tensor) -> None:
        assert not torch.is_grad_enabled()
        assert not outputs.logits.requires_grad
        self.often.index_add_(0, rows, torch.ones_like(rows))
        self.sum.index_add_(0, rows, (outputs.logits * target).sum(dim=1))


class Wider(Seen):
    """Of another shape."""

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.register_buffer("sum", torch.zeros(n_samples, n_classes))

    def forward(self, rows: torch.Tensor, outputs: Any, target: torch.Tensor) -> None:
        self.sum.index_add_(0, rows, outputs.logits)


@pytest.fixture
def make(blobs) -> Callable[..., Run]:
    data = blobs()

    def make(observers: dict[str, type[Observer]] | None = None, checkpoint: Any = None, **recipe: Any) -> Run:
        how = Recipe(**{"epochs": 3, "batch_size": 16, "warmup": 0, "padding": 1, "model": "resnet8", **recipe})
        return Run(
            title="blobs",
            pixels=data.pixels,
            labels=data.index.labels,
            rows=np.arange(45)[5:],
            n_classes=4,
            model=find_model(how.model),
            recipe=how,
            loss=partial(CrossEntropy, [24, 12, 6, 3]),
            seed=3,
            identity={},
            observers=lambda: {"seen": Seen} if observers is None else observers,
            checkpoint=checkpoint,
        )

    return make


def record(trained: Trained) -> dict[str, torch.Tensor]:
    return trained.observers.state()["seen"]


def test_it_sees_each_sample_as_often_as_it_is_trained_on(make):
    found = record(train(make()))
    assert found["often"].tolist() == [0] * 5 + [3] * 40
    assert found["epochs"].tolist() == [1 + 2 + 3 + 3 * 30, 3]


def test_rows_that_come_more_than_once_an_epoch_count_so(make):
    found = record(train(make(sampler="balanced", draws="oversampled")))
    largest = max(np.bincount(make().labels[5:]))
    assert found["often"].sum() == 3 * 4 * largest


def test_what_it_sees_is_what_the_loss_sees(make, monkeypatch):
    expected = torch.zeros(45)
    plain = CrossEntropy.forward

    def spied(self, outputs, target):
        if len(target) > 2:  # not where it is tried
            seen.append((outputs.logits.detach().clone(), target.clone()))
        return plain(self, outputs, target)

    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    monkeypatch.setattr(CrossEntropy, "forward", spied)
    found = record(train(make(mixup=1.0)))["sum"]
    assert len(seen) == 9
    expected = sum((logits * target).sum() for logits, target in seen)
    torch.testing.assert_close(found.sum(), expected, rtol=1e-4, atol=1e-3)


def test_watching_changes_no_number(make):
    watched, alone = train(make()), train(make(observers={}))
    assert watched.loss == alone.loss
    ours, theirs = watched.network.state_dict().values(), alone.network.state_dict().values()
    assert all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_an_interrupted_run_ends_at_the_same_record_bit_for_bit(make, tmp_path, epoch):
    run, expected = make(checkpoint=tmp_path / "model.pt"), record(train(make()))
    with pytest.raises(StoppedError):
        train(run, stop_at=epoch)
    assert all(map(torch.equal, record(train(run)).values(), expected.values()))
    assert all(map(torch.equal, record(train(run)).values(), expected.values())), "and again from what is kept"


@pytest.mark.parametrize(("large", "written"), [(1, 1), (1 << 20, 3)])
def test_a_large_record_is_not_written_after_each_epoch(make, tmp_path, monkeypatch, large, written):
    monkeypatch.setattr("lt_prune.engine.train.LARGE", large)
    seen = []
    monkeypatch.setattr("lt_prune.engine.train.write_weights", lambda path, state: seen.append(len(state["loss"])))
    train(make(checkpoint=tmp_path / "model.pt"))
    assert seen == list(range(1, 4))[-written:]


def test_an_observer_is_tried_on_few_samples():
    made = []

    class Counted(Seen):
        def __init__(self, n_samples: int, n_classes: int) -> None:
            super().__init__(n_samples, n_classes)
            made.append(n_samples)

    assert Observers({"seen": Counted}, 100_000, 4)
    assert made == [64, 100_000]


@pytest.mark.parametrize("kept", [{}, {"seen": {"often": torch.zeros(2)}}, [1], None], ids=["none", "other", "list", "old"])
def test_of_a_checkpoint_without_the_record_there_is_none(make, tmp_path, kept):
    run = make(checkpoint=tmp_path / "model.pt")
    with pytest.raises(StoppedError):
        train(run, stop_at=1)
    saved = read_weights(run.checkpoint, torch.device("cpu"))
    write_weights(run.checkpoint, {**saved, "observers": kept})
    trained = train(run)
    assert not trained.observers.watching
    assert str(run.checkpoint) in trained.observers.lacking["seen"]
    assert trained.loss == train(make()).loss


def test_a_record_of_another_shape_is_none(make, tmp_path):
    train(make(checkpoint=tmp_path / "model.pt"))
    trained = train(make(observers={"seen": Wider}, checkpoint=tmp_path / "model.pt"))
    assert "holds no record of this run" in trained.observers.lacking["seen"]


def broken(what: str, value: Any) -> type[Observer]:
    return type("Broken", (Seen,), {what: value})


def fails(*_: Any) -> None:
    raise ValueError("what is wrong\nand more")


def replaces(self: Any, rows: torch.Tensor, outputs: Any, target: torch.Tensor) -> None:
    self.often = self.often + 1


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (lambda n, m: None, "its observer must be an Observer, not NoneType"),
        (broken("__init__", fails), "its observer fails: ValueError: what is wrong"),
        (broken("begin_epoch", fails), "its observer fails: ValueError: what is wrong"),
        (broken("end_epoch", fails), "its observer fails: ValueError: what is wrong"),
        (broken("forward", fails), "its observer fails: ValueError: what is wrong"),
        (broken("forward", replaces), "its observer must change its buffers in place, and replaced often"),
    ],
    ids=["none", "init", "begin", "end", "step", "replaces"],
)
def test_an_observer_that_breaks_its_promise_leaves_the_training_and_the_others_alone(make, kind, says):
    trained = train(make(observers={"bad": kind, "seen": Seen}))
    assert trained.observers.lacking == {"bad": says}
    assert record(trained)["often"].sum() == 120
