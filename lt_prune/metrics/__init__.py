"""Metrics of how hard a sample is: each a plain function `metric(outputs, labels) -> (B,)` of one trained member's outputs.

A sample's score depends on that sample alone, never on the batch it came in, and each metric declares whether higher is
harder. One that needs more than the trained member declares what must watch the member's training, and is then a function
`metric(observer, labels) -> (N,)` of its record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lt_prune.registry import Registry

if TYPE_CHECKING:  # the names must be listed without loading torch
    from torch import Tensor

    from lt_prune.metrics.observer import Observer
    from lt_prune.models.network import Outputs

    Function = Callable[[Any, Tensor], Tensor]


@dataclass(frozen=True)
class Metric:
    """A metric function with what a reader of its scores must know."""

    function: Function
    higher_is_harder: bool
    equation: str
    """Where it is defined."""
    observer: type[Observer] | None = None
    """What must watch the training, for a function of its record; metrics of one observer share its record."""

    def __call__(self, of: Outputs | Observer, labels: Tensor) -> Tensor:
        """Scores (B,) of a batch's outputs and labels, int64 (B,); or (N,) of a record and the labels of the set."""
        return self.function(of, labels)


def metric(*, higher_is_harder: bool, equation: str, observer: type[Observer] | None = None) -> Callable[[Function], Metric]:
    """Decorate a function as a metric."""
    return lambda function: Metric(function, higher_is_harder, equation, observer)


@dataclass(frozen=True)
class _OfLogits:
    """A plain function of logits and labels as a function of outputs."""

    function: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, outputs: Outputs, labels: Tensor) -> Tensor:
        return self.function(outputs.logits, labels)


def _is_observer(kind: object) -> bool:
    from lt_prune.metrics.observer import Observer

    return isinstance(kind, type) and issubclass(kind, Observer)


def _accept(found: object) -> Metric:
    """A metric, or a plain function `metric(logits, labels) -> (B,)` as one, of which higher is harder."""
    if isinstance(found, Metric):
        if not isinstance(found.higher_is_harder, bool):
            raise ValueError(f"must declare higher_is_harder, True or False, not {found.higher_is_harder!r}")
        if found.observer is not None and not _is_observer(found.observer):
            raise ValueError(f"must name a subclass of Observer as its observer, not {found.observer!r}")
        return found
    if not callable(found):
        raise ValueError(f"must be a function of logits and labels, or one decorated as a metric, not {found!r}")
    return Metric(_OfLogits(found), True, f"the function {getattr(found, '__qualname__', type(found).__name__)}")


METRICS: Registry[Metric] = Registry(
    "metric",
    "lt_prune.metrics",
    {
        "el2n": "lt_prune.metrics.el2n:el2n",
        "avh": "lt_prune.metrics.avh:avh",
    },
    _accept,
)
