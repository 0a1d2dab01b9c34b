"""In which order an epoch shows its samples; it depends on (seed, epoch) alone and comes from the CPU on every device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lt_prune.randomness import generator
from lt_prune.types import Array

IN_A_ROW = 4
"""Samples that the balanced order takes of a class at a time, as MiSLAS does."""


def epoch_length(labels: Array, sampler: str) -> int:
    """Draws an epoch: N, or for the balanced order the largest class times the classes that have samples."""
    if sampler == "instance":
        return len(labels)
    counts = np.bincount(labels)
    return int(counts.max() * np.count_nonzero(counts))


def epoch_order(labels: Array, sampler: str, seed: int, epoch: int) -> Tensor:
    """int64 (E,): positions in `labels` in the order in which an epoch shows them.

    Args:
        labels: int64 (N,).
        sampler: "instance", a permutation; or "balanced": the classes in one random cycle after another, each giving 4
            samples, which come from random cycles through its own (Shen et al. 2016).
    """
    random = generator(seed, "order", epoch)
    if sampler == "instance":
        return torch.randperm(len(labels), generator=random)
    members = [torch.from_numpy(np.flatnonzero(labels == c)) for c in np.unique(labels)]
    n_draws = epoch_length(labels, sampler)
    n_turns = -(-n_draws // IN_A_ROW)
    turns = _cycles(torch.arange(len(members)), n_turns, random)
    order = torch.empty(n_turns, IN_A_ROW, dtype=torch.int64)
    for c, own in enumerate(members):
        its_turns = turns == c
        order[its_turns] = _cycles(own, int(its_turns.sum()) * IN_A_ROW, random).reshape(-1, IN_A_ROW)
    return order.flatten()[:n_draws]


def _cycles(values: Tensor, n: int, random: torch.Generator) -> Tensor:
    """The first n of one permutation of the values after another."""
    whole = [values[torch.randperm(len(values), generator=random)] for _ in range(-(-n // len(values)))]
    return torch.cat([*whole, values[:0]])[:n]
