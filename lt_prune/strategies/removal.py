"""Removing exactly so many samples in a given order, over the whole set or class by class."""

from __future__ import annotations

import numpy as np

from lt_prune.errors import ArgumentError
from lt_prune.strategies import Request
from lt_prune.types import Array


def remove_in_order(request: Request, priority: Array, within: str) -> Array:
    """Keep mask (N,) after removing `n_remove` samples, the lowest priority first; ties fall by id.

    Args:
        request: counts and labels.
        priority: (N,).
        within: "set" ranks all samples together, "class" removes the same proportion of each class.

    Raises:
        ArgumentError: a class would have to be emptied and this was not allowed.
    """
    counts = np.bincount(request.labels, minlength=request.n_classes)
    _check_room(request, counts)
    order = np.lexsort((request.ids, priority))
    if within == "class":
        quota = class_quotas(counts, request.n_remove, request.allow_empty_class)
        removed = order[_rank_in_class(order, request.labels, counts) < quota[request.labels[order]]]
    elif request.allow_empty_class:
        removed = order[: request.n_remove]
    else:
        last_of_class = _rank_in_class(order, request.labels, counts) == counts[request.labels[order]] - 1
        removed = order[~last_of_class][: request.n_remove]
    kept = np.ones(len(order), dtype=bool)
    kept[removed] = False
    return kept


def class_quotas(counts: Array, n_remove: int, allow_empty_class: bool) -> Array:
    """int64 (M,): how many to remove of each class, in proportion to its count, by largest remainder (Hamilton's method).

    The quotas sum to `n_remove`. A class keeps its last sample unless `allow_empty_class`; what it is spared goes to the
    classes next in line.
    """
    total = int(counts.sum())
    room = counts if allow_empty_class else np.maximum(counts - 1, 0)
    quota: Array = np.minimum(n_remove * counts // total, room)
    by_remainder = np.argsort(-(n_remove * counts % total), kind="stable")
    while (left := n_remove - int(quota.sum())) > 0:
        takers = by_remainder[(quota < room)[by_remainder]][:left]
        quota[takers] += 1
    return quota


def _check_room(request: Request, counts: Array) -> None:
    room = len(request.labels) - (0 if request.allow_empty_class else np.count_nonzero(counts))
    if request.n_remove > room:
        raise ArgumentError(
            f"removing {request.n_remove:,} of {len(request.labels):,} samples would empty a class, as there are "
            f"{np.count_nonzero(counts)} classes: ask for a smaller ratio, or allow it by `lt-prune prune "
            f"--allow-empty-class`"
        )


def _rank_in_class(order: Array, labels: Array, counts: Array) -> Array:
    """int64 (N,): for each place of `order`, how many of the same class stand before it."""
    by_class = np.argsort(labels[order], kind="stable")
    first_of_class = np.cumsum(counts) - counts
    rank = np.empty(len(order), dtype=np.int64)
    rank[by_class] = np.arange(len(order)) - np.repeat(first_of_class, counts)
    return rank
