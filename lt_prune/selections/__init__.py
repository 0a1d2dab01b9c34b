"""Selections: each a plain function from a `Group` of samples to the order in which they are kept.

A selection says which samples are kept, a budget how many of each class (`lt_prune.budgets`); any goes with any. It is asked
once for each class, and once for the whole set under the budget `global`. It depends on content and seed, never on the
order of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lt_prune.data.identity import mix
from lt_prune.errors import shown
from lt_prune.randomness import derive_seed
from lt_prune.registry import Registry
from lt_prune.setting import Setting
from lt_prune.types import Array

NEEDS = ("scores", "features", "confidence")
"""What a selection may read of a group besides ids and labels: its `difficulty`, `features` and `confidence`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Samples of which some are kept, in ascending order of id: those of a class, or all of a set."""

    ids: Array
    """uint64 (G,)."""
    labels: Array
    """int64 (G,), in [0, M): all the same in the group of a class."""
    n_classes: int
    seed: int
    whole: bool
    """Whether these are all samples of the set, instead of those of a class."""
    difficulty: Array | None = None
    """float (G,), higher is harder; given to selections that need scores."""
    features: Array | None = None
    """float32 or float64 (G, D): an embedding of each sample; given to selections that need features."""
    confidence: Array | None = None
    """float (G,): the mean probability of each sample's own class; given to selections that need it."""

    def draw(self, use: str) -> Array:
        """uint64 (G,): a number for each sample, which depends on (seed, use, id)."""
        return mix(self.ids, derive_seed(self.seed, use))


@dataclass(frozen=True)
class Selection:
    """A function of a selection, with what a reader of its subsets must know."""

    function: Callable[..., Array]
    """function(group, n_keep, **settings) -> int64 (G,): each place of the group once, of which the first `n_keep` are kept;
    those that follow are next in line, where the last sample of a class is kept in place of one of the first."""
    equation: str
    paper: str = ""
    needs: Sequence[str] = ()
    """Of NEEDS."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    nested: bool = False
    """Whether the order is the same whatever `n_keep`, so that less is kept of what was kept."""
    weights: Callable[..., Array] | None = None
    """function(group, n_keep, **settings) -> float64 (G,): what a sample that is kept counts for, so that the sum over those
    kept is on average, over draws, that over the group; None where nothing is drawn, or nothing is known of it."""


def selection(
    *,
    equation: str,
    paper: str,
    needs: Sequence[str] = (),
    settings: Mapping[str, Setting] | None = None,
    nested: bool = False,
    weights: Callable[..., Array] | None = None,
) -> Callable[[Callable[..., Array]], Selection]:
    """Decorate a function as a selection; the arguments are fields of `Selection`."""
    return lambda function: Selection(function, equation, paper, tuple(needs), settings or {}, nested, weights)


def highest_first(values: Array) -> Array:
    """int64 (G,): places by falling value; of equal ones, the last id first."""
    order: Array = np.argsort(values, kind="stable")[::-1]
    return order


def _accept(found: object) -> Selection:
    """A selection, or a plain function of a `Group` and `n_keep` as one that needs ids and labels alone."""
    if isinstance(found, Selection):
        if unknown := [need for need in found.needs if need not in NEEDS]:
            raise ValueError(f"may need {', '.join(NEEDS)}, not {unknown[0]!r}")
        return found
    if not callable(found):
        raise ValueError(f"must be a function of a group and n_keep, or one decorated as a selection, not {shown(found)}")
    return Selection(found, f"the function {getattr(found, '__qualname__', type(found).__name__)}")


SELECTIONS: Registry[Selection] = Registry(
    "selection",
    "lt_prune.selections",
    {
        "random": "lt_prune.selections.random:random",
        "hard": "lt_prune.selections.ranked:hard",
        "easy": "lt_prune.selections.ranked:easy",
        "window": "lt_prune.selections.window:window",
        "strata": "lt_prune.selections.strata:strata",
        "weighted": "lt_prune.selections.weighted:weighted",
        "infobatch": "lt_prune.selections.infobatch:infobatch",
        "beta": "lt_prune.selections.beta:beta",
        "moderate": "lt_prune.selections.moderate:moderate",
        "k-center": "lt_prune.selections.k_center:k_center",
        "herding": "lt_prune.selections.herding:herding",
        "d2": "lt_prune.selections.d2:d2",
    },
    _accept,
)
