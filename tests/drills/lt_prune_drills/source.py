"""Two interleaved half-moons as a source of embeddings."""

import numpy as np
from sklearn.datasets import make_moons

from lt_prune.data.sources import Request, Source


def moons(request: Request) -> Source:
    """60 points of two numbers to train on, and 20 to test."""
    request.refuse_file_options("drill_moons")
    points, labels = make_moons(80, noise=0.1, random_state=0)
    points, labels = points.astype(np.float32), labels.astype(np.int64)
    return Source(
        pixels=points[:60],
        labels=labels[:60],
        test_pixels=points[60:],
        test_labels=labels[60:],
        class_names=("upper", "lower"),
        flip=False,
    )
