"""Head, middle and tail: half-open ranges over the classes sorted by decreasing count."""

from __future__ import annotations

from lt_prune.errors import ArgumentError


def default_groups(n_classes: int) -> tuple[int, int]:
    """(end of head, start of tail): the first ceil(0.36 M) classes are head, the last floor(0.29 M) are tail, and from three
    classes on each group has one."""
    tail = max(29 * n_classes // 100, int(n_classes > 2))
    head = -(-36 * n_classes // 100)
    return min(head, n_classes - tail - 1) if n_classes > 2 else head, n_classes - tail


def check_groups(groups: tuple[int, int], n_classes: int) -> tuple[int, int]:
    """Return `groups` where they are ranges over `n_classes` classes.

    Raises:
        ArgumentError: they are not 0 < end of head <= start of tail <= M.
    """
    head_end, tail_start = groups
    if not 0 < head_end <= tail_start <= n_classes:
        raise ArgumentError(
            f"groups must be two numbers A,B with 0 < A <= B <= {n_classes} (head is [0,A), middle [A,B), "
            f"tail [B,{n_classes})), not {head_end},{tail_start}"
        )
    return groups
