"""What the members of an ensemble that were trained before lack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lt_prune.errors import MismatchError
from lt_prune.metrics import METRICS


def require_records(metric: str, members: Sequence[Path], remedy: str) -> None:
    """Refuse a metric that needs a record of the training, where the weights of a member are kept without one.

    Args:
        members: files of the members that lack its scores, those that there are.
        remedy: what to do.

    Raises:
        MismatchError: the message names the first of them.
    """
    kind = METRICS.load(metric).observer if members else None
    if kind is None:
        return
    import torch

    from lt_prune.metrics.observer import name_of
    from lt_prune.store.weights import read_weights

    for file in members:
        kept = read_weights(file, torch.device("cpu")).get("observers")
        if not isinstance(kept, dict) or name_of(kind) not in kept:
            lacks = f"metric {metric!r} needs a record of the training, and {file} was trained without one"
            raise MismatchError(f"{lacks}: {remedy}")
