"""Predictors: what makes class probabilities of the outputs of a trained network.

A predictor is fitted once, on what the network was trained on, and then called with the outputs of any samples. What it says
of a sample depends on that sample alone, never on the batch it came in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lt_prune.errors import shown
from lt_prune.models.head import Head
from lt_prune.registry import Registry
from lt_prune.setting import Setting, require_own_names

if TYPE_CHECKING:  # the names must be listed without loading torch
    from torch import Tensor

    from lt_prune.models.network import Outputs

__all__ = ["PREDICTORS", "Fitted", "Predictor", "Setting"]

Fitted = Callable[["Outputs"], "Tensor"]
"""Outputs of B samples, float32 or better and on the CPU, to their class probabilities (B, M); can be pickled."""


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """How to fit a predictor, and what a reader of its predictions must know."""

    fit: Callable[..., Fitted]
    """fit(outputs, labels, counts, **settings): `Outputs` of the N training samples, not augmented, and their labels, int64
    (N,), both None unless it `needs_outputs`; and the number of training samples of each class, int64 (M,)."""
    equation: str
    paper: str
    needs_outputs: bool = False
    """Whether it is fitted on the training samples, which costs a pass over them."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    head: Head | None = None
    """The kind of classifier that it is for, None for any."""


def _accept(found: Any) -> Predictor:
    """A predictor that keeps the promises which can be checked without outputs."""
    if not isinstance(found, Predictor):
        raise ValueError(f"must be a Predictor, not {shown(found)}")
    if not callable(found.fit):
        raise ValueError(f"must have a function as its fit, not {found.fit!r}")
    if not isinstance(found.needs_outputs, bool):
        raise ValueError(f"must declare needs_outputs, True or False, not {found.needs_outputs!r}")
    if not isinstance(found.head, Head | None):
        raise ValueError(f"must be for a Head, or for any (None), not for {found.head!r}")
    require_own_names(found.settings)
    return found


PREDICTORS: Registry[Predictor] = Registry(
    "predictor",
    "lt_prune.predictors",
    {
        "linear": "lt_prune.predictors.linear:linear",
        "angular": "lt_prune.predictors.angular:angular",
        "abs": "lt_prune.predictors.abs:abs_",
        "logit-adjusted": "lt_prune.predictors.logit_adjusted:logit_adjusted",
        "tau-norm": "lt_prune.predictors.tau_norm:tau_norm",
        "tde": "lt_prune.predictors.tde:tde",
    },
    _accept,
)
