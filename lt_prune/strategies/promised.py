"""A budget and a selection that keep their promises, or an error that names the one which does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from lt_prune.budgets import Budget, Request
from lt_prune.errors import LtPruneError, MemberError
from lt_prune.registry import described
from lt_prune.selections import Group, Selection
from lt_prune.types import Array


def kept_counts(name: str, budget: Budget, request: Request, settings: Mapping[str, Any]) -> Array:
    """int64 (M,): what a budget keeps of each class.

    Raises:
        MemberError: it fails, or gives anything else than whole numbers that sum to what is kept, none above what its class
            has, nor below 1 where a class must not be emptied.
    """
    what = f"budget {name!r}"
    assert budget.function is not None, "the whole set as one group has no counts"
    with failing(what, name):
        counts = budget.function(request, **settings)
    if found := _other_than(counts, request.n_classes):
        raise MemberError(f"{what} must give a number a class, int64 ({request.n_classes},), and gave {found}", name)
    if (total := int(counts.sum())) != request.n_keep:
        raise MemberError(f"{what} must keep exactly {request.n_keep:,} samples, and keeps {total:,}", name)
    if (wrong := np.flatnonzero((counts < request.least) | (counts > request.counts))).size:
        c = wrong[0]
        raise MemberError(
            f"{what} must keep {request.least[c]} to {request.counts[c]:,} samples of class {c}, and keeps {counts[c]:,}",
            name,
        )
    return np.asarray(counts)


def kept_order(name: str, selection: Selection, group: Group, n_keep: int, settings: Mapping[str, Any]) -> Array:
    """int64 (G,): places of a group in the order in which a selection keeps them; `n_keep` is at least 1.

    Raises:
        MemberError: it fails, or does not give each place once.
    """
    n, what = len(group.ids), f"selection {name!r}"
    with failing(what, name):
        order = selection.function(group, n_keep, **settings)
    found = _other_than(order, n)
    if not found and not np.array_equal(np.sort(order), np.arange(n)):
        found = "some twice, or others"
    if found:
        raise MemberError(f"{what} must give each place of its group once, int64 ({n},), and gave {found}", name)
    return np.asarray(order)


@contextmanager
def failing(what: str, name: str) -> Iterator[None]:
    """Unexpected errors of a member as its own."""
    try:
        yield
    except (LtPruneError, MemoryError):
        raise
    except Exception as error:
        raise MemberError(f"{what} fails: {described(error)}", name) from error


def _other_than(found: object, n: int) -> str:
    """What was given in place of int64 (n,); "" where that was."""
    if not isinstance(found, np.ndarray):
        return type(found).__name__
    return "" if found.dtype == np.int64 and found.shape == (n,) else f"{found.dtype} {found.shape}"
