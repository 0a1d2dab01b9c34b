"""What second stages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.method import Stage

SECOND: Mapping[str, Any] = {
    "epochs": 10,
    "warmup": 0,
    "schedule": "cosine",
    "sampler": "balanced",
    "trained": "classifier",
}
"""A second stage tunes the classifier on class-balanced data, the backbone frozen (Zhong et al. 2021; Kang et al. 2020)."""

TUNED = ("lr_factor", "shift_batch_norm")

NOTHING = Stage(
    loss=CrossEntropy,
    equation="nothing is trained: only the prediction changes",
    recipe={"epochs": 0, "warmup": 0, "trained": "nothing"},
)
"""The stage of a method that only predicts otherwise."""
