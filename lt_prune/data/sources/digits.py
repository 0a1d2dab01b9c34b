"""The embedded default: scikit-learn's copy of the UCI handwritten digits, 1,797 grey images of 8 x 8."""

from __future__ import annotations

import numpy as np

from lt_prune.data.identity import content_digests, mix
from lt_prune.data.sources import Request, Source
from lt_prune.errors import ArgumentError

TEST_PER_CLASS = 50


def digits(request: Request) -> Source:
    """Read the digits; 50 of each class, chosen by content, are held out as the balanced test set.

    Flipping is off: a mirrored digit is not that digit.
    """
    request.refuse_file_options("digits")
    if request.path is not None:
        raise ArgumentError(f"the digits are built in and take no path, but {request.path} was given: --data digits")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    labels = labels.astype(np.int64)
    order = np.argsort(mix(content_digests(pixels, labels), 0), kind="stable")
    test = np.concatenate([order[labels[order] == c][:TEST_PER_CLASS] for c in range(10)])
    train = np.setdiff1d(np.arange(len(labels)), test)
    return Source(
        pixels=pixels[train],
        labels=labels[train],
        test_pixels=pixels[test],
        test_labels=labels[test],
        class_names=tuple(str(c) for c in range(10)),
        flip=False,
        imbalance=10,
    )
