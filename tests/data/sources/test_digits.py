from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import lt_prune as lp
from lt_prune.data.identity import content_digests
from lt_prune.data.sources import Request
from lt_prune.data.sources.digits import digits

# UCI optical digits, test part: samples of each digit, as its documentation lists them.
PUBLISHED = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_test_set_is_balanced():
    assert np.bincount(digits(Request()).test_labels).tolist() == [50] * 10


def test_the_training_set_is_the_rest():
    assert np.bincount(digits(Request()).labels).tolist() == [n - 50 for n in PUBLISHED]


def test_no_training_image_is_a_test_image():
    source = digits(Request())
    train, test = content_digests(source.pixels, source.labels), content_digests(source.test_pixels, source.test_labels)
    assert len(np.intersect1d(train, test)) == 0
    assert len(np.unique(np.r_[train, test])) == 1797


def test_pixels_are_scaled_from_16_levels_to_bytes():
    source = digits(Request())
    levels = {round(level * 255 / 16) for level in range(17)}
    assert set(np.unique(source.pixels)) == levels
    total = source.pixels.sum(dtype=np.int64) + source.test_pixels.sum(dtype=np.int64)
    assert total == np.rint(load_digits().data * 255 / 16).sum()


def test_the_default_cut_is_ratio_10():
    # 124 images in the smallest training class, times 10^(-c/9), floored.
    data = lp.build("digits")
    assert data.index.counts.tolist() == [124, 96, 74, 57, 44, 34, 26, 20, 16, 12]
    assert data.index.name == "digits-lt10"


def test_a_mirrored_digit_is_another():
    assert lp.build("digits").flip is False


@pytest.mark.parametrize(("seed", "same"), [(0, True), (1, False)])
def test_the_cut_is_named_by_its_seed(seed, same):
    assert (lp.build("digits", seed=seed).index.digest == lp.build("digits").index.digest) is same


def test_the_test_set_does_not_depend_on_the_cut():
    assert np.array_equal(lp.build("digits-lt50", seed=3).test_pixels, lp.build("digits-full").test_pixels)


def test_a_path_that_is_not_read_is_refused():
    with pytest.raises(lp.LtPruneError):
        digits(Request(path=Path("/no/such/folder")))
