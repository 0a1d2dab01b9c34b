"""Decoupled training (Kang et al. 2020): cross-entropy first, then the classifier alone, on class-balanced data."""

from __future__ import annotations

from typing import Any

from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.method import Method, Stage
from lt_prune.methods.second import SECOND

OFFICIAL: dict[str, Any] = {**SECOND, "lr": 0.05, "shift_batch_norm": True}
"""Of the official code: the peak rate of 0.2 at batch 512 is 0.05 at 128, and the frozen backbone stays in training mode,
so that its batch normalisation follows the balanced batches. An epoch has floor(N / B) steps there, here the short last one,
too."""

crt = Method(
    summary="a new classifier, trained on class-balanced data",
    paper="Kang et al. 2020, section 4.1 (cRT)",
    first="ce",
    stage=Stage(loss=CrossEntropy, equation="-sum q log softmax(z)", recipe={**OFFICIAL, "fresh": True}),
)

lws = Method(
    summary="one learned factor a class, trained on class-balanced data",
    paper="Kang et al. 2020, section 4.1 (LWS)",
    first="ce",
    stage=Stage(
        loss=CrossEntropy, equation="-sum q log softmax(scale z)", recipe={**OFFICIAL, "trained": "scale", "epochs": 5}
    ),
)
