from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lt_prune.data.folds import folds_of
from lt_prune.data.identity import mix, sample_ids

COUNTS = (40, 21, 7, 2, 1)


def ids_of(number: int, seed: int = 0) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).choice(2**62, number, replace=False).astype(np.uint64))


def labels_of(counts: tuple[int, ...] = COUNTS) -> np.ndarray:
    """In no order."""
    return np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))


@pytest.mark.parametrize("number", [2, 3, 5, 10])
def test_folds_are_as_even_as_can_be_in_all_and_in_each_class(number):
    labels = labels_of()
    folds = folds_of(labels, ids_of(71), number, seed=0)
    for c in range(4):
        sizes = np.bincount(folds[labels == c], minlength=number)
        assert sizes.max() - sizes.min() <= 1
    sizes = np.bincount(folds[folds >= 0], minlength=number)
    assert sizes.sum() == 70
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("number", [2, 3, 10])
def test_each_class_of_two_or_more_has_one_in_every_training(number):
    labels = labels_of()
    folds = folds_of(labels, ids_of(71), number, seed=0)
    for fold in range(number):
        assert set(labels[folds != fold]) == {0, 1, 2, 3, 4}
    assert folds[labels == 4].tolist() == [-1], "the only one of a class is in every training"


def test_the_draw_depends_on_seed_and_content_alone():
    labels, ids = labels_of(), ids_of(71)
    assert np.array_equal(folds_of(labels, ids, 3, seed=0), folds_of(labels, ids, 3, seed=0))
    assert not np.array_equal(folds_of(labels, ids, 3, seed=0), folds_of(labels, ids, 3, seed=1))
    other = folds_of(labels, ids_of(71, seed=5), 3, seed=0)
    assert not np.array_equal(folds_of(labels, ids, 3, seed=0), other)
    renamed = folds_of((labels + 1) % 5, ids, 3, seed=0)
    for c in range(4):  # the same go together, whatever their class is called
        own = labels == c
        pairs = Counter(zip(folds_of(labels, ids, 3, seed=0)[own].tolist(), renamed[own].tolist()))
        assert len(pairs) == len(set(renamed[own].tolist()))


def test_exact_copies_stay_together():
    digests = ids_of(20)
    repeated = np.concatenate([digests, digests[:6], digests[:3]])
    number = np.r_[np.zeros(20, int), np.ones(6, int), np.full(3, 2)]
    ids = sample_ids(repeated, number)
    order = np.argsort(ids)
    folds = folds_of(np.zeros(29, int), ids[order], 4, seed=0)
    by_digest: dict[int, set[int]] = {}
    for digest, fold in zip(repeated[order].tolist(), folds.tolist()):
        by_digest.setdefault(digest, set()).add(fold)
    assert all(len(found) == 1 for found in by_digest.values())
    assert set(folds.tolist()) == {0, 1, 2, 3}


def test_a_class_of_copies_of_one_picture_is_in_every_training():
    digests = ids_of(5)
    ids = np.r_[digests, mix(digests[:1], 1)]
    order = np.argsort(ids)
    labels = np.array([0, 1, 1, 1, 1, 0])[order]
    folds = folds_of(labels, ids[order], 2, seed=0)
    assert set(folds[labels == 0].tolist()) == {-1}
    assert set(folds[labels == 1].tolist()) == {0, 1}
