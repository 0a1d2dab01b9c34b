"""A class budget and a selection as one strategy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lt_prune import budgets
from lt_prune.budgets import BUDGETS, Budget
from lt_prune.errors import ArgumentError, MemberError
from lt_prune.selections import SELECTIONS, Group, Selection
from lt_prune.setting import Setting
from lt_prune.strategies import Request
from lt_prune.strategies.promised import kept_counts, kept_order
from lt_prune.types import Array

OF_SAMPLES = ("ids", "labels", "difficulty", "features", "confidence")
"""Fields of a request that have a row a sample."""


@dataclass(frozen=True)
class Pair:
    """How many of each class are kept, and which of them, by names of their families."""

    budget: str
    selection: str
    paper: str = ""

    takes_ends = False

    @cached_property
    def members(self) -> tuple[Budget, Selection]:
        """The budget and the selection.

        Raises:
            UnknownNameError: there is none of that name.
            MemberError: one cannot be loaded, or both have a setting of the same name.
        """
        budget, selection = BUDGETS.load(self.budget), SELECTIONS.load(self.selection)
        if shared := set(budget.settings) & set(selection.settings):
            raise MemberError(
                f"budget {self.budget!r} and selection {self.selection!r} both have a setting {min(shared)!r}: rename one",
                self.selection,
            )
        return budget, selection

    @property
    def needs(self) -> tuple[str, ...]:
        """What either needs."""
        return tuple(dict.fromkeys(need for member in self.members for need in member.needs))

    @property
    def settings(self) -> dict[str, Setting]:
        """Those of both."""
        budget, selection = self.members
        return {**budget.settings, **selection.settings}

    def parts(self, keep: str, within: str) -> tuple[str, str]:
        """Whatever is asked."""
        return self.budget, self.selection

    def __call__(self, request: Request) -> Array:
        """bool (N,): True for the samples to keep.

        Raises:
            ArgumentError: a class would have to be emptied and this was not allowed, or the budget cannot be had.
            MemberError: another package's budget or selection breaks its promise.
        """
        check_room(request)
        order = np.argsort(request.ids, kind="stable")
        arrays = {name: array[order] for name in OF_SAMPLES if (array := getattr(request, name)) is not None}
        budget, selection = self.parts(request.keep, request.within)
        kept = np.zeros(len(order), dtype=bool)
        kept[order[Pair(budget, selection).kept_places(replace(request, **arrays))]] = True
        return kept

    def kept_places(self, request: Request) -> Array:
        """int64: places of the samples to keep, of a request whose samples stand in ascending order of id."""
        budget, _ = self.members
        if budget.function is None:
            return self._of_all(request)
        own = self._settings(budget, request)
        counts = kept_counts(self.budget, budget, _budget_request(request), own)
        kept = [self._order(request, group, n)[:n] for group, n in zip(_classes(request), counts) if n]
        return np.concatenate([np.arange(0), *kept])

    def _of_all(self, request: Request) -> Array:
        """Of one group; the first of each class is kept in any case, unless classes may be emptied."""
        n_keep = len(request.labels) - request.n_remove
        order = self._order(request, np.arange(len(request.labels)), n_keep) if n_keep else np.arange(0)
        if request.allow_empty_class:
            return order[:n_keep]
        protected = np.zeros(len(order), dtype=bool)
        protected[np.unique(request.labels[order], return_index=True)[1]] = True
        return np.concatenate([order[protected], order[~protected][: n_keep - protected.sum()]])

    def _order(self, request: Request, group: Array, n_keep: int) -> Array:
        """int64 (G,): places of a group in the order in which they are kept."""
        budget, selection = self.members
        needed = {"scores": "difficulty", "features": "features", "confidence": "confidence"}
        arrays = {name: getattr(request, name)[group] for need, name in needed.items() if need in selection.needs}
        asked = Group(
            ids=request.ids[group],
            labels=request.labels[group],
            n_classes=request.n_classes,
            seed=request.seed,
            whole=budget.function is None,
            **arrays,
        )
        return group[kept_order(self.selection, selection, asked, n_keep, self._settings(selection, request))]

    @staticmethod
    def _settings(member: Budget | Selection, request: Request) -> dict[str, Any]:
        return {name: request.settings.get(name, setting.default) for name, setting in member.settings.items()}


def check_room(request: Request) -> None:
    """Refuse to remove more than can go.

    Raises:
        ArgumentError: a class would be emptied, and must not be.
    """
    n_classes = len(np.unique(request.labels))
    room = len(request.labels) - (0 if request.allow_empty_class else n_classes)
    if request.n_remove > room:
        raise ArgumentError(
            f"removing {request.n_remove:,} of {len(request.labels):,} samples would empty a class, as there are "
            f"{n_classes} classes: ask for a smaller ratio, or allow it by `lt-prune prune --allow-empty-class`"
        )


def _budget_request(request: Request) -> budgets.Request:
    return budgets.Request(
        labels=request.labels,
        n_classes=request.n_classes,
        n_keep=len(request.labels) - request.n_remove,
        allow_empty_class=request.allow_empty_class,
        difficulty=request.difficulty,
        recall=request.recall,
        like=request.like,
    )


def _classes(request: Request) -> Iterator[Array]:
    """Places of the samples of each class, ascending."""
    by_class = np.argsort(request.labels, kind="stable")
    yield from np.split(by_class, np.cumsum(np.bincount(request.labels, minlength=request.n_classes))[:-1])
