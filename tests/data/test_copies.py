from __future__ import annotations

import numpy as np
import pytest

from lt_prune.data.copies import copies_found

NONE = np.zeros(0, dtype=np.uint64)


def digests(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)


def test_there_are_none():
    assert copies_found(np.array([0, 1, 0]), digests(1, 2, 3), digests(4, 5)) == ""
    assert copies_found(np.zeros(0, np.int64), NONE, NONE) == ""


@pytest.mark.parametrize(
    ("labels", "pictures", "test", "said"),
    [
        ([0, 0, 0, 1], (1, 1, 1, 2), (), "2 within a class (1.png of 0.png)"),
        ([0, 1, 1], (1, 1, 2), (), "1 of an image of another class (1.png of 0.png)"),
        ([0, 0, 1], (1, 2, 3), (3, 3, 4), "2 of training images among the test images (2.png)"),
        (
            [0, 0, 1, 1],
            (5, 5, 5, 9),
            (9,),
            "1 within a class (1.png of 0.png), 1 of an image of another class (2.png of 0.png), "
            "1 of training images among the test images (3.png)",
        ),
    ],
)
def test_each_kind_is_counted_and_one_file_named(labels, pictures, test, said):
    names = [f"{i}.png" for i in range(len(labels))]
    assert copies_found(np.array(labels), digests(*pictures), digests(*test), names) == said


def test_where_there_are_no_names_none_is_told():
    assert copies_found(np.array([0, 0]), digests(1, 1), NONE) == "1 within a class"
