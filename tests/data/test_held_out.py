from __future__ import annotations

import numpy as np
import pytest

from lt_prune.data.held_out import split

LABELS = np.repeat([0, 2, 1, 4], (30, 12, 3, 1))


@pytest.mark.parametrize("numbers", [(2,), (5, 0, 4), (100,), (2, 2, 2)])
def test_each_sample_is_of_one_stream_and_each_class_keeps_one(numbers):
    left, held = split(LABELS, numbers, seed=0)
    assert sorted(np.concatenate([left, *held]).tolist()) == list(range(len(LABELS)))
    assert set(LABELS[left]) == set(LABELS)
    for number, own in zip(numbers, held, strict=True):
        assert (np.bincount(LABELS[own], minlength=5) <= number).all()
    expected = {c: min(sum(numbers), n - 1) for c, n in zip(*np.unique(LABELS, return_counts=True))}
    taken = np.concatenate(held)
    assert {c: int((LABELS[taken] == c).sum()) for c in expected} == expected


def test_what_is_held_out_depends_on_the_seed_and_not_on_global_randomness():
    first, again, other = (split(LABELS, (4,), seed)[1][0].tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_streams_that_hold_nothing_out_leave_all():
    left, held = split(LABELS, (0, 0), seed=0)
    assert left.tolist() == list(range(len(LABELS)))
    assert [own.tolist() for own in held] == [[], []]
