"""What every registered metric that is computed from a record of training promises, and the observer that records it."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lt_prune.metrics import METRICS, Metric
from lt_prune.metrics.observer import Observer, broken_promise
from lt_prune.models.network import Outputs

N, M, D, EPOCHS = 23, 5, 8, 4
LABELS = torch.arange(N) % M


@pytest.fixture(params=[name for name in METRICS.names if METRICS.load(name).observer])
def metric(request) -> Metric:
    return METRICS.load(request.param)


@pytest.fixture
def new(metric) -> Callable[[], Observer]:
    return lambda: metric.observer(N, M)


def drawn(epoch: int) -> Outputs:
    """Outputs of all samples, in their order, which get surer of the label from epoch to epoch."""
    random = torch.Generator().manual_seed(epoch)
    features, weight = torch.rand(N, D, generator=random), torch.randn(M, D, generator=random)
    return Outputs(features, features @ weight.T + epoch * torch.eye(M)[LABELS], weight)


def at(outputs: Outputs, chosen: torch.Tensor) -> Outputs:
    return Outputs(outputs.features[chosen], outputs.logits[chosen], outputs.weight)


def show(
    observer: Observer,
    epochs: range = range(EPOCHS),
    batch: int = 7,
    of: Callable[[int], Outputs] = drawn,
    labels: torch.Tensor = LABELS,
) -> Observer:
    """A training in batches, in an order of its own in each epoch."""
    for epoch in epochs:
        observer.begin_epoch(epoch, EPOCHS)
        for rows in torch.from_numpy(np.random.default_rng(epoch).permutation(N)).split(batch):
            with torch.no_grad():
                observer(rows, at(of(epoch), rows), torch.eye(M)[labels[rows]])
        observer.end_epoch()
    return observer


def test_an_observer_keeps_its_promises(new):
    assert broken_promise(new(), N, M) == ""


@pytest.mark.parametrize("epochs", [0, 1, EPOCHS])
def test_gives_a_finite_number_for_each_sample(metric, new, epochs):
    scores = metric(show(new(), range(epochs)), LABELS)
    assert scores.shape == (N,)
    assert not scores.is_complex()
    assert scores.isfinite().all()


def test_scores_of_samples_differ(metric, new):
    assert len(metric(show(new()), LABELS).unique()) > 1


def test_the_record_is_in_its_buffers(metric, new):
    """What a checkpoint keeps is all that the rest of the training needs."""
    whole, first, second = new(), new(), new()
    show(whole)
    show(first, range(2))
    second.load_state_dict(first.state_dict())
    show(second, range(2, EPOCHS))
    assert torch.equal(metric(second, LABELS), metric(whole, LABELS))
    assert all(map(torch.equal, second.state_dict().values(), whole.state_dict().values()))


def test_buffers_are_changed_in_place(new):
    observer = new()
    places = {name: buffer.data_ptr() for name, buffer in observer.named_buffers()}
    assert {name: buffer.data_ptr() for name, buffer in show(observer).named_buffers()} == places


@pytest.mark.parametrize("batch", [1, 2, N])
def test_does_not_depend_on_the_batch(metric, new, batch):
    found, expected = (metric(show(new(), batch=size), LABELS).double() for size in (batch, 7))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@given(labels=st.lists(st.integers(0, M - 1), min_size=N, max_size=N))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_takes_labels_of_any_kind(metric, new, labels):
    scores = metric(show(new(), labels=torch.tensor(labels)), torch.tensor(labels))
    assert scores.shape == (N,)
    assert scores.isfinite().all()


def test_follows_its_samples_when_they_are_permuted(metric, new):
    order = torch.from_numpy(np.random.default_rng(9).permutation(N))
    moved = metric(show(new(), of=lambda epoch: at(drawn(epoch), order), labels=LABELS[order]), LABELS[order])
    torch.testing.assert_close(moved, metric(show(new()), LABELS)[order])


def test_does_not_depend_on_the_order_of_classes(metric, new):
    order = torch.from_numpy(np.random.default_rng(0).permutation(M))
    labels = order.argsort()[LABELS]

    def renamed(epoch: int) -> Outputs:
        outputs = drawn(epoch)
        return Outputs(outputs.features, outputs.logits[:, order], outputs.weight[order])

    moved, found = metric(show(new(), of=renamed, labels=labels), labels), metric(show(new()), LABELS)
    torch.testing.assert_close(moved, found, rtol=1e-5, atol=1e-6)


def test_a_row_may_come_more_than_once_in_a_batch(metric, new):
    observer, rows = new(), torch.arange(N).repeat(3)
    observer.begin_epoch(0, 1)
    observer(rows, at(drawn(0), rows), torch.eye(M)[LABELS[rows]])
    observer.end_epoch()
    assert metric(observer, LABELS).isfinite().all()


def test_leaves_what_it_sees_as_it_is(metric, new):
    outputs, target, rows = drawn(0), torch.eye(M)[LABELS], torch.arange(N)
    before = [tensor.clone() for tensor in (rows, outputs.features, outputs.logits, outputs.weight, target)]
    observer = new()
    observer(rows, outputs, target)
    metric(observer, LABELS)
    assert all(map(torch.equal, before, (rows, outputs.features, outputs.logits, outputs.weight, target)))


def test_always_sure_and_right_is_no_harder_than_always_sure_and_wrong(metric, new):
    """It is easier, by all but those of how much a prediction moves."""
    said = LABELS.clone()
    said[1::2] = (LABELS[1::2] + 1) % M
    scores = metric(
        show(new(), of=lambda epoch: Outputs(10 * torch.eye(M)[said], 10 * torch.eye(M)[said], torch.eye(M))), LABELS
    )
    harder = scores if metric.higher_is_harder else -scores
    assert harder[0::2].max() <= harder[1::2].min()


def test_its_observer_crosses_processes(metric, new):
    observer = show(new())
    assert torch.equal(metric(pickle.loads(pickle.dumps(observer)), LABELS), metric(observer, LABELS))
