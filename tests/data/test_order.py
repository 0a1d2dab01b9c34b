from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.choices import SAMPLERS
from lt_prune.data.batches import batch_bounds
from lt_prune.data.longtail import exponential_counts
from lt_prune.data.order import epoch_length, epoch_order

COUNTS = (24, 12, 6, 3)
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(4), COUNTS))


def balanced(n_epochs: int = 1, seed: int = 0, draws: str = "samples") -> np.ndarray:
    """Rows in the order in which so many epochs show them."""
    return torch.cat([epoch_order(LABELS, "balanced", seed, epoch, draws) for epoch in range(n_epochs)]).numpy()


def test_the_instance_order_is_a_permutation():
    order = epoch_order(LABELS, "instance", 0, 0)
    assert sorted(order.tolist()) == list(range(45))
    assert epoch_length(LABELS, "instance") == 45


def test_a_balanced_epoch_has_as_many_draws_as_there_are_samples():
    assert epoch_length(LABELS, "balanced") == 45 == len(balanced())


def test_an_oversampled_epoch_draws_the_largest_class_times_the_classes():
    assert epoch_length(LABELS, "balanced", "oversampled") == 24 * 4 == len(balanced(draws="oversampled"))
    assert np.bincount(LABELS[balanced(draws="oversampled")]).tolist() == [24] * 4


@pytest.mark.parametrize(("imbalance", "n_samples"), [(100, 12406), (50, 13996), (10, 20431)])
@pytest.mark.parametrize("ratio", [0.0, 0.45])
def test_a_second_stage_on_cifar_10_has_the_steps_of_the_reference(imbalance, n_samples, ratio):
    # MiSLAS's loop breaks at the step whose number, counted from 0, is above ceil(N / B): ceil(N / B) + 1 steps, each of a
    # whole batch. Ours end with N draws: one step less, the last one short.
    counts = exponential_counts(5000, imbalance, 10)
    assert counts.sum() == n_samples
    labels = np.repeat(np.arange(10), counts)
    labels = labels[: len(labels) - round(ratio * len(labels))]  # whichever go, their number decides
    ours = batch_bounds(epoch_length(labels, "balanced"), 128)
    reference = math.ceil(len(labels) / 128) + 1
    assert len(ours) == reference - 1
    assert {(100, 0.0): 97, (50, 0.0): 110, (10, 0.0): 160, (100, 0.45): 54, (50, 0.45): 61, (10, 0.45): 88}[
        imbalance, ratio
    ] == len(ours)


def test_four_samples_of_a_class_come_in_a_row_across_epochs_too():
    turns = LABELS[balanced(n_epochs=4)].reshape(-1, 4)  # of 45 draws each
    assert (turns == turns[:, :1]).all()


def test_every_class_has_its_turn_before_one_has_another():
    turns = LABELS[balanced(n_epochs=16)][::4]
    cycles = turns[: len(turns) // 4 * 4].reshape(-1, 4)
    assert (np.sort(cycles, axis=1) == np.arange(4)).all()
    assert len({tuple(cycle) for cycle in cycles.tolist()}) > 1, "the cycles are in random orders"


@pytest.mark.parametrize("draws", ["samples", "oversampled"])
def test_every_sample_of_a_class_is_drawn_before_one_is_drawn_again_across_epochs_too(draws):
    order = balanced(n_epochs=5, draws=draws)
    for c, count in enumerate(COUNTS):
        own = order[LABELS[order] == c]
        cycles = own[: len(own) // count * count].reshape(-1, count)
        assert len(cycles) > 1
        assert (np.sort(cycles, axis=1) == np.flatnonzero(c == LABELS)).all()
        assert len({tuple(cycle) for cycle in cycles.tolist()}) > 1, "the cycles are in random orders"


def test_only_a_balanced_epoch_is_oversampled():
    assert epoch_length(LABELS, "instance", "oversampled") == len(epoch_order(LABELS, "instance", 0, 0, "oversampled")) == 45


def test_a_class_may_have_no_turn_in_an_epoch():
    labels = np.repeat(np.arange(8), 3)  # 24 draws are six turns
    epochs = [labels[epoch_order(labels, "balanced", 0, epoch).numpy()] for epoch in range(4)]
    assert [len(np.unique(drawn)) for drawn in epochs[:1]] == [6]
    assert np.bincount(np.concatenate(epochs)).tolist() == [12] * 8, "four epochs are three cycles of eight classes"


def test_the_instance_order_is_torchs_from_a_digest_of_the_epochs_name():
    seed = int.from_bytes(hashlib.blake2b(b"1/order/2", digest_size=8).digest(), "little") // 2
    expected = torch.randperm(45, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(epoch_order(LABELS, "instance", 1, 2), expected)


def test_the_order_depends_on_seed_and_epoch_alone():
    for sampler in SAMPLERS:
        assert torch.equal(epoch_order(LABELS, sampler, 1, 2), epoch_order(LABELS, sampler, 1, 2))
        assert not torch.equal(epoch_order(LABELS, sampler, 1, 2), epoch_order(LABELS, sampler, 1, 3))
        assert not torch.equal(epoch_order(LABELS, sampler, 1, 2), epoch_order(LABELS, sampler, 2, 2))


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(any), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_balanced_epoch_of_any_set_is_balanced_but_for_its_end(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    order = torch.cat([epoch_order(labels, "balanced", seed, epoch) for epoch in range(3)]).numpy()
    drawn = np.bincount(labels[order], minlength=len(counts))
    present = np.array(counts) > 0
    assert len(order) == 3 * len(labels)
    assert (drawn[~present] == 0).all()
    assert np.ptp(drawn[present]) <= 4, "no class is more than one turn ahead"


def test_the_reversed_order_draws_classes_by_their_inverse_counts_and_their_samples_alike():
    order = torch.cat([epoch_order(LABELS, "reversed", 0, epoch) for epoch in range(2000)]).numpy()
    n = len(order)
    assert n == 2000 * len(LABELS) == 2000 * epoch_length(LABELS, "reversed", "oversampled")
    inverse = 1 / np.array(COUNTS)
    of_class = inverse / inverse.sum()
    np.testing.assert_allclose(np.bincount(LABELS[order]) / n, of_class, atol=4 * math.sqrt(0.25 / n))
    of_sample = (of_class / COUNTS)[LABELS]
    deviation = np.sqrt(of_sample * (1 - of_sample) / n)
    assert (np.abs(np.bincount(order, minlength=len(LABELS)) / n - of_sample) < 4.5 * deviation).all()


def test_reversed_draws_are_independent():
    """A class follows another one as often as it comes at all, itself too."""
    drawn = LABELS[torch.cat([epoch_order(LABELS, "reversed", 1, epoch) for epoch in range(1000)]).numpy()]
    pairs = np.histogram2d(drawn[:-1], drawn[1:], bins=4)[0] / (len(drawn) - 1)
    alone = np.bincount(drawn) / len(drawn)
    np.testing.assert_allclose(pairs, np.outer(alone, alone), atol=4 * math.sqrt(0.25 / len(drawn)))


def test_a_class_without_samples_is_not_drawn():
    labels = np.repeat([1, 3], (5, 2))
    order = torch.cat([epoch_order(labels, "reversed", 0, epoch) for epoch in range(500)]).numpy()
    assert np.mean(labels[order] == 3) == pytest.approx(5 / 7, abs=0.03)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_sample_is_an_epoch(sampler):
    assert epoch_order(np.array([3]), sampler, 0, 0).tolist() == [0]
