"""Pruning strategies: each a plain function from a `Request` to the mask of samples to keep.

Every strategy removes exactly `n_remove` samples, empties no class unless allowed to, and depends on the samples' ids and
never on their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lt_prune.registry import Registry
from lt_prune.types import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What a strategy decides on."""

    ids: Array
    """uint64 (N,)."""
    labels: Array
    """int64 (N,)."""
    n_classes: int
    n_remove: int
    seed: int = 0
    allow_empty_class: bool = False
    difficulty: Array | None = None
    """float (N,), higher is harder; given to strategies that need scores."""
    keep: Literal["hard", "easy"] = "hard"
    within: Literal["set", "class"] = "set"


@dataclass(frozen=True)
class Strategy:
    """A strategy function and whether it ranks by scores."""

    function: Callable[[Request], Array]
    needs_scores: bool

    def __call__(self, request: Request) -> Array:
        """bool (N,): True for the samples to keep."""
        return self.function(request)


def strategy(*, needs_scores: bool) -> Callable[[Callable[[Request], Array]], Strategy]:
    """Decorate a function as a strategy."""
    return lambda function: Strategy(function, needs_scores)


def _accept(found: object) -> Strategy:
    """A strategy, or a plain function of a `Request` as one that needs no scores."""
    if isinstance(found, Strategy):
        return found
    if not callable(found):
        raise ValueError(f"must be a function of a request, or one decorated as a strategy, not {found!r}")
    return Strategy(found, needs_scores=False)


STRATEGIES: Registry[Strategy] = Registry(
    "strategy",
    "lt_prune.strategies",
    {
        "random": "lt_prune.strategies.random:random",
        "class-random": "lt_prune.strategies.random:class_random",
        "ranked": "lt_prune.strategies.ranked:ranked",
    },
    _accept,
)
