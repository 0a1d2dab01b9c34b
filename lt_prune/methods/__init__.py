"""Training methods: each is the loss of a batch, `method(outputs, target) -> ()`, with a soft target (B, M)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lt_prune.registry import Registry

if TYPE_CHECKING:  # the names must be listed without loading torch
    from torch import Tensor

    from lt_prune.models.network import Outputs

    Method = Callable[[Outputs, Tensor], Tensor]

METHODS: Registry[Method] = Registry(
    "training method",
    "lt_prune.methods",
    {
        "ce": "lt_prune.methods.ce:ce",
    },
)
