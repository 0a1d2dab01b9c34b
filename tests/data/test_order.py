from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.data.order import epoch_length, epoch_order

COUNTS = (24, 12, 6, 3)
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(4), COUNTS))


def classes(sampler: str = "balanced", seed: int = 0, epoch: int = 0) -> np.ndarray:
    return LABELS[epoch_order(LABELS, sampler, seed, epoch).numpy()]


def test_the_instance_order_is_a_permutation():
    order = epoch_order(LABELS, "instance", 0, 0)
    assert sorted(order.tolist()) == list(range(45))
    assert epoch_length(LABELS, "instance") == 45


def test_a_balanced_epoch_draws_the_largest_class_times_the_classes():
    assert epoch_length(LABELS, "balanced") == 24 * 4 == len(epoch_order(LABELS, "balanced", 0, 0))


def test_in_a_balanced_epoch_every_class_is_equally_likely():
    assert np.bincount(classes()).tolist() == [24] * 4


def test_four_samples_of_a_class_come_in_a_row():
    turns = classes().reshape(-1, 4)
    assert (turns == turns[:, :1]).all()


def test_every_class_has_its_turn_before_one_has_another():
    turns = classes()[::4].reshape(-1, 4)
    assert (np.sort(turns, axis=1) == np.arange(4)).all()
    assert len({tuple(cycle) for cycle in turns.tolist()}) > 1, "the cycles are in random orders"


def test_every_sample_of_a_class_is_drawn_before_one_is_drawn_again():
    order = epoch_order(LABELS, "balanced", 0, 0).numpy()
    for c, count in enumerate(COUNTS):
        own = order[LABELS[order] == c]
        for start in range(0, 24, count):
            assert sorted(own[start : start + count]) == np.flatnonzero(c == LABELS).tolist()


def test_the_order_depends_on_seed_and_epoch_alone():
    for sampler in ("instance", "balanced"):
        assert torch.equal(epoch_order(LABELS, sampler, 1, 2), epoch_order(LABELS, sampler, 1, 2))
        assert not torch.equal(epoch_order(LABELS, sampler, 1, 2), epoch_order(LABELS, sampler, 1, 3))
        assert not torch.equal(epoch_order(LABELS, sampler, 1, 2), epoch_order(LABELS, sampler, 2, 2))


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(any), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_balanced_epoch_of_any_set_is_balanced_but_for_its_end(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    order = epoch_order(labels, "balanced", seed, 0).numpy()
    drawn = np.bincount(labels[order], minlength=len(counts))
    present = np.array(counts) > 0
    assert len(order) == epoch_length(labels, "balanced") == max(counts) * present.sum()
    assert (drawn[~present] == 0).all()
    assert np.ptp(drawn[present]) <= 4, "no class is more than one turn ahead"


@pytest.mark.parametrize("sampler", ["instance", "balanced"])
def test_one_sample_is_an_epoch(sampler):
    assert epoch_order(np.array([3]), sampler, 0, 0).tolist() == [0]
