from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lt_prune.data.placing import placed

IMAGES = np.random.default_rng(0).integers(0, 256, (11, 5, 7, 3), dtype=np.uint8)


@given(st.permutations(range(11)), st.integers(0, 11), st.integers(0, 11), st.booleans(), st.integers(1, 40))
def test_images_stand_where_they_were_asked_for(order, n, m, fresh, width):
    images = np.random.default_rng(1).integers(0, 256, (11, 1, width, 1), dtype=np.uint8)
    wanted = images.copy()
    parts = [np.array(order[:n], dtype=np.int64), np.array(order[n : n + m], dtype=np.int64)]
    for found, part in zip(placed(images, parts, fresh=fresh), parts, strict=True):
        assert np.array_equal(found, wanted[part])


def test_what_is_somebody_elses_is_left_as_it_is():
    images = IMAGES.copy()
    (found,) = placed(images, [np.arange(11)[::-1]], fresh=False)
    assert np.array_equal(images, IMAGES)
    assert not np.shares_memory(found, images)


@pytest.mark.parametrize(("n", "shared"), [(2, False), (3, True), (11, True)])
def test_fresh_images_are_moved_unless_few_are_left(n, shared):
    images = IMAGES.copy()
    (found,) = placed(images, [np.arange(11)[::-1][:n]], fresh=True)
    assert np.shares_memory(found, images) == shared
    assert np.array_equal(found, IMAGES[::-1][:n])
    assert found.flags.c_contiguous


def test_images_of_no_source_are_none():
    none = IMAGES[:0].copy()
    assert placed(none, [np.arange(0), np.arange(0)], fresh=True)[1].shape == (0, 5, 7, 3)
