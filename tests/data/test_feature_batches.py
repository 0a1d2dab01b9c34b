from __future__ import annotations

import numpy as np
import pytest
import torch

from lt_prune.data.batches import Sampling
from lt_prune.data.feature_batches import FeatureBatches
from lt_prune.data.order import epoch_order

LABELS = np.repeat(np.arange(3), (12, 6, 3))
FEATURES = torch.arange(21.0)[:, None] * torch.tensor([1.0, 100.0])


def batches_of(rows: np.ndarray | None = None, **options) -> FeatureBatches:
    sampling = Sampling(**{"batch_size": 4, "seed": 0, "padding": 0, "flip": False, **options})
    return FeatureBatches.of(FEATURES, LABELS, sampling, rows)


def shown(batches: FeatureBatches, epoch: int) -> list[int]:
    """Rows in the order in which they come."""
    return [int(row) for features, *_ in batches.epoch(epoch) for row in features[:, 0]]


def test_an_epoch_shows_every_row_once_in_the_order_that_images_have():
    assert shown(batches_of(), 2) == epoch_order(LABELS, "instance", 0, 2).tolist()


def test_the_last_batch_is_short_and_never_of_one():
    assert [len(labels) for _, labels, _ in batches_of().epoch(0)] == [4, 4, 4, 4, 5]


def test_a_row_is_whole_and_has_its_label():
    for features, labels, _ in batches_of().epoch(0):
        assert torch.equal(features[:, 1], 100 * features[:, 0])
        assert labels.tolist() == LABELS[features[:, 0].int()].tolist()


def test_only_the_rows_that_are_named_are_shown():
    rows = np.array([20, 0, 13, 5])
    assert sorted(shown(batches_of(rows), 0)) == sorted(rows.tolist())


@pytest.mark.parametrize(("draws", "n"), [("samples", 21), ("oversampled", 36)])
def test_a_balanced_epoch_shows_classes_equally_often(draws, n):
    rows = shown(batches_of(sampler="balanced", draws=draws), 0)
    assert len(rows) == n
    counts = np.bincount(LABELS[rows])
    assert counts.max() - counts.min() <= 4  # of a class in a row


def test_features_of_some_rows_alone_are_of_rows_of_the_set():
    known = np.array([20, 0, 13, 5, 7])
    sampling = Sampling(batch_size=2, seed=0, padding=0, flip=False)
    rows = np.array([5, 20, 13])
    batches = FeatureBatches.of(FEATURES[known], LABELS, sampling, rows, known=known)
    every = FeatureBatches.of(FEATURES, LABELS, sampling, rows)
    for ours, theirs in zip(batches.epoch(3), every.epoch(3), strict=True):
        assert all(map(torch.equal, ours, theirs))
        assert ours[2].tolist() == ours[0][:, 0].tolist()
