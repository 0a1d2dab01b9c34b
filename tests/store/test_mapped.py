from __future__ import annotations

import numpy as np
import pytest

from lt_prune.store.mapped import in_file, place_in_file

ARRAY = np.arange(60, dtype=np.int16).reshape(5, 4, 3)


@pytest.fixture
def mapped(tmp_path):
    return in_file(ARRAY, tmp_path / "a.npy")


def test_an_array_in_a_file_is_the_same_and_its_file_stays_so(mapped, tmp_path):
    assert type(mapped) is np.ndarray
    assert np.array_equal(mapped, ARRAY)
    mapped[0] = 0  # torch wants to be able to
    assert np.array_equal(np.load(tmp_path / "a.npy"), ARRAY)


@pytest.mark.parametrize("part", [slice(None), slice(2, 4), (3, slice(1, 3)), slice(5, 5)], ids=str)
def test_a_part_that_lies_in_one_piece_is_mapped_again_from_its_place(mapped, part):
    again = np.memmap(*place_in_file(mapped[part])) if mapped[part].size else mapped[part]
    assert np.array_equal(again, ARRAY[part])


@pytest.mark.parametrize("array", [ARRAY, ARRAY[1:], np.frombuffer(b"abc", np.uint8)], ids=["own", "view", "buffer"])
def test_what_lies_in_no_file_has_no_place(array):
    assert place_in_file(array) is None


def test_what_does_not_lie_in_one_piece_has_no_place(mapped):
    assert place_in_file(mapped[:, 1]) is None
