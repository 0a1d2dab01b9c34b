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
        asked, order = _by_id(request)
        kept = np.zeros(len(order), dtype=bool)
        kept[order[Pair(*self.parts(request.keep, request.within)).kept_places(asked)]] = True
        return kept

    def weights(self, request: Request) -> Array:
        """float64 (N,): what each sample counts for where it is kept, see `Selection.weights`; 1 where the selection does
        not say it. Errors are those of a call."""
        asked, order = _by_id(request)
        found = np.ones(len(order))
        pair = Pair(*self.parts(request.keep, request.within))
        _, selection = pair.members
        for group, n in pair._shares(asked) if selection.weights else ():
            if n and selection.weights:
                own = self._settings(selection, request)
                found[order[group]] = selection.weights(pair._group(asked, group), n, **own)
        return found

    def kept_places(self, request: Request) -> Array:
        """int64: places of the samples to keep, of a request whose samples stand in ascending order of id."""
        budget, _ = self.members
        if budget.function is None:
            return self._of_all(request)
        kept = [self._order(request, group, n)[:n] for group, n in self._shares(request) if n]
        return np.concatenate([np.arange(0), *kept])

    def _shares(self, request: Request) -> Iterator[tuple[Array, int]]:
        """Places of each group, and how many of it are kept."""
        budget, _ = self.members
        if budget.function is None:
            yield np.arange(len(request.labels)), len(request.labels) - request.n_remove
            return
        counts = kept_counts(self.budget, budget, _budget_request(request), self._settings(budget, request))
        yield from zip(_classes(request), counts.tolist())

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
        _, selection = self.members
        asked, own = self._group(request, group), self._settings(selection, request)
        return group[kept_order(self.selection, selection, asked, n_keep, own)]

    def _group(self, request: Request, group: Array) -> Group:
        """The samples at these places, as the selection sees them."""
        budget, selection = self.members
        needed = {"scores": "difficulty", "features": "features", "confidence": "confidence"}
        arrays = {name: getattr(request, name)[group] for need, name in needed.items() if need in selection.needs}
        return Group(
            ids=request.ids[group],
            labels=request.labels[group],
            n_classes=request.n_classes,
            seed=request.seed,
            whole=budget.function is None,
            **arrays,
        )

    @staticmethod
    def _settings(member: Budget | Selection, request: Request) -> dict[str, Any]:
        return {name: request.settings.get(name, setting.default) for name, setting in member.settings.items()}


def _by_id(request: Request) -> tuple[Request, Array]:
    """The request with its samples in ascending order of id, and where each of these stands in the request."""
    order = np.argsort(request.ids, kind="stable")
    arrays = {name: array[order] for name in OF_SAMPLES if (array := getattr(request, name)) is not None}
    return replace(request, **arrays), order


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
