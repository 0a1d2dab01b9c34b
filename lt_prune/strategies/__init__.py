"""Pruning strategies: each makes of a `Request` the mask of samples to keep.

Ours are presets: a class budget and a selection by the name of a paper (`lt_prune.strategies.presets`). Any other budget
with any other selection is a strategy, too, by the name BUDGET+SELECTION (`lt_prune.strategies.named`). Another package's
may be a plain function. Every strategy removes exactly `n_remove` samples, empties no class unless allowed to, and depends
on the samples' ids and never on their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from lt_prune.errors import shown
from lt_prune.registry import Registry
from lt_prune.setting import Setting
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
    features: Array | None = None
    """float32 or float64 (N, D): an embedding of each sample; given to strategies that need features."""
    confidence: Array | None = None
    """float (N,): the mean probability of each sample's own class; given to strategies that need it."""
    recall: Array | None = None
    """float64 (M,): the share of each class that is recognised; given to strategies that need it."""
    like: Array | None = None
    """int64 (M,): what another subset keeps of each class; given to strategies that need it."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """A value of each setting that the strategy has; its defaults where there are none."""


class Strategy(Protocol):
    """What every strategy is."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields of a request that it reads: "scores", "features", "confidence", "recall", "subset"."""

    @property
    def settings(self) -> Mapping[str, Setting]: ...

    @property
    def takes_ends(self) -> bool:
        """Whether `keep` and `within` are asked of it."""

    def parts(self, keep: str, within: str) -> tuple[str, str] | None:
        """Names of its budget and its selection, by what is kept and within what; None where it is a function."""

    def __call__(self, request: Request) -> Array:
        """bool (N,): True for the samples to keep."""


@dataclass(frozen=True)
class FunctionStrategy:
    """A strategy that is a plain function, and whether it ranks by scores."""

    function: Callable[[Request], Array]
    needs_scores: bool
    settings: Mapping[str, Setting] = field(default_factory=dict, init=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """Scores, if anything."""
        return ("scores",) if self.needs_scores else ()

    @property
    def takes_ends(self) -> bool:
        """Where it ranks."""
        return self.needs_scores

    def parts(self, keep: str, within: str) -> None:
        """It has none."""

    def __call__(self, request: Request) -> Array:
        """bool (N,): True for the samples to keep."""
        return self.function(request)


def strategy(*, needs_scores: bool) -> Callable[[Callable[[Request], Array]], FunctionStrategy]:
    """Decorate a function as a strategy."""
    return lambda function: FunctionStrategy(function, needs_scores)


def _accept(found: Any) -> Strategy:
    """A strategy, or a plain function of a `Request` as one that needs no scores."""
    if not callable(found):
        raise ValueError(f"must be a function of a request, or one decorated as a strategy, not {shown(found)}")
    return found if hasattr(found, "takes_ends") else FunctionStrategy(found, needs_scores=False)


STRATEGIES: Registry[Strategy] = Registry(
    "strategy",
    "lt_prune.strategies",
    {
        "random": "lt_prune.strategies.presets:random",
        "class-random": "lt_prune.strategies.presets:class_random",
        "ranked": "lt_prune.strategies.presets:ranked",
        "ccs": "lt_prune.strategies.presets:ccs",
        "ccs-cp": "lt_prune.strategies.presets:ccs_cp",
        "drop": "lt_prune.strategies.presets:drop",
        "dual": "lt_prune.strategies.presets:dual",
        "nucs": "lt_prune.strategies.presets:nucs",
        "rcap": "lt_prune.strategies.presets:rcap",
        "d2": "lt_prune.strategies.presets:d2",
    },
    _accept,
)
