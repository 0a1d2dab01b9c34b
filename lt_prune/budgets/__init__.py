"""Class budgets: each a plain function from a `Request` to how many samples of each class are kept.

A budget decides how many, a selection which of them (`lt_prune.selections`); any goes with any. Every budget sums to what is
asked exactly, keeps no more of a class than there is, and empties none unless allowed to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lt_prune.errors import shown
from lt_prune.registry import Registry
from lt_prune.setting import Setting
from lt_prune.types import Array

NEEDS = ("scores", "recall", "subset")
"""What a budget may read of a request besides labels: its `difficulty`, `recall` and `like`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What a budget decides on; the N samples stand in ascending order of id."""

    labels: Array
    """int64 (N,), in [0, M)."""
    n_classes: int
    n_keep: int
    allow_empty_class: bool = False
    difficulty: Array | None = None
    """float (N,), higher is harder; given to budgets that need scores."""
    recall: Array | None = None
    """float64 (M,), in [0, 1]: the share of each class that is recognised; given to budgets that need it."""
    like: Array | None = None
    """int64 (M,): what another subset keeps of each class; given to budgets that need it."""

    @cached_property
    def counts(self) -> Array:
        """int64 (M,): samples of each class, the most that a budget can keep of it."""
        return np.bincount(self.labels, minlength=self.n_classes)

    @property
    def least(self) -> Array:
        """int64 (M,): what must be kept of each class: a sample of each that has one, unless it may be emptied."""
        return np.zeros_like(self.counts) if self.allow_empty_class else np.minimum(self.counts, 1)


@dataclass(frozen=True)
class Budget:
    """A function of a budget, with what a reader of its subsets must know."""

    function: Callable[..., Array] | None
    """function(request, **settings) -> int64 (M,); None where the whole set is one group, in which the selection decides."""
    equation: str
    paper: str = ""
    needs: Sequence[str] = ()
    """Of NEEDS."""
    settings: Mapping[str, Setting] = field(default_factory=dict)


def budget(
    *, equation: str, paper: str, needs: Sequence[str] = (), settings: Mapping[str, Setting] | None = None
) -> Callable[[Callable[..., Array]], Budget]:
    """Decorate a function as a budget; the arguments are fields of `Budget`."""
    return lambda function: Budget(function, equation, paper, tuple(needs), settings or {})


def _accept(found: object) -> Budget:
    """A budget, or a plain function of a `Request` as one that needs labels alone."""
    if isinstance(found, Budget):
        if unknown := [need for need in found.needs if need not in NEEDS]:
            raise ValueError(f"may need {', '.join(NEEDS)}, not {unknown[0]!r}")
        return found
    if not callable(found):
        raise ValueError(f"must be a function of a request, or one decorated as a budget, not {shown(found)}")
    return Budget(found, f"the function {getattr(found, '__qualname__', type(found).__name__)}")


BUDGETS: Registry[Budget] = Registry(
    "budget",
    "lt_prune.budgets",
    {
        "global": "lt_prune.budgets.whole:whole",
        "proportional": "lt_prune.budgets.proportional:proportional",
        "sqrt": "lt_prune.budgets.sqrt:sqrt",
        "equal": "lt_prune.budgets.equal:equal",
        "floor": "lt_prune.budgets.floor:floor",
        "drop": "lt_prune.budgets.drop:drop",
        "drop-code": "lt_prune.budgets.drop:drop_code",
        "nucs": "lt_prune.budgets.nucs:nucs",
        "ccs-cp": "lt_prune.budgets.ccs_cp:ccs_cp",
        "rcap": "lt_prune.budgets.rcap:rcap",
        "like": "lt_prune.budgets.like:like",
    },
    _accept,
)
