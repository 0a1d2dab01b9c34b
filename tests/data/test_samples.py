from __future__ import annotations

import numpy as np
import torch

from lt_prune.data.samples import Samples

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3)).astype(np.uint8)
LABELS = torch.tensor([2, 0, 1, 1])


def test_items_are_images_and_labels():
    samples = Samples(IMAGES, LABELS)
    assert len(samples) == 4
    image, label = samples[1]
    assert (image.dtype, image.shape, label.dtype, label.shape) == (torch.uint8, (3, 6, 5), torch.int64, ())
    assert np.array_equal(image.permute(1, 2, 0), IMAGES[1])
    assert int(label) == 0


def test_an_item_is_a_copy():
    before = IMAGES.copy()
    Samples(IMAGES, LABELS)[0][0].zero_()
    assert np.array_equal(IMAGES, before)


def test_a_negative_index_counts_from_the_end():
    image, label = Samples(IMAGES, LABELS)[-4]
    assert np.array_equal(image.permute(1, 2, 0), IMAGES[0])
    assert int(label) == 2
