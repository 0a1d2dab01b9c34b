from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lt_prune.data.leaks import leaks, of_another_label


@pytest.mark.parametrize(
    ("pictures", "labels", "expected"),
    [
        ((1, 2, 3), (0, 0, 1), (-1, -1, -1)),
        ((1, 1, 2), (0, 0, 1), (-1, -1, -1)),
        ((1, 1, 2), (0, 1, 1), (1, 0, -1)),
        ((4, 1, 4, 4), (0, 0, 0, 2), (3, -1, 3, 0)),
        ((4, 4, 4, 4), (2, 1, 0, 1), (2, 2, 0, 2)),
        ((), (), ()),
    ],
)
def test_copies_under_two_labels_name_one_of_another_label(pictures, labels, expected):
    found = of_another_label(np.array(pictures, dtype=np.uint64), np.array(labels, dtype=np.int64))
    assert found.tolist() == list(expected)


def test_copies_are_known_by_their_pixels(blobs):
    data = blobs()
    tests = data.test_pixels.copy()
    tests[3], tests[4] = data.pixels[7], data.pixels[9]
    pictures, in_test = leaks(replace(data, test_pixels=tests))
    assert len(np.unique(pictures)) == 45
    assert np.flatnonzero(in_test >= 0).tolist() == [7, 9]
    assert in_test[[7, 9]].tolist() == [3, 4]


def test_no_copies_without_test_images(blobs):
    data = blobs()
    _, in_test = leaks(replace(data, test_pixels=data.test_pixels[:0]))
    assert (in_test == -1).all()
