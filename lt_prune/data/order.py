"""In which order an epoch shows its samples; it depends on (seed, epoch) alone and comes from the CPU on every device."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from lt_prune.randomness import generator
from lt_prune.types import Array

IN_A_ROW = 4
"""Samples that the balanced order takes of a class at a time, as MiSLAS does."""


def epoch_length(labels: Array, sampler: str, draws: str = "samples") -> int:
    """Draws an epoch: N, the number of labels; or where a balanced one is "oversampled", the largest class times the classes
    that have samples."""
    if sampler != "balanced" or draws == "samples":
        return len(labels)
    counts = np.bincount(labels)
    return int(counts.max() * np.count_nonzero(counts))


def epoch_order(labels: Array, sampler: str, seed: int, epoch: int, draws: str = "samples") -> Tensor:
    """int64 (E,): rows in `labels` in the order in which an epoch shows them.

    Args:
        labels: int64 (N,).
        sampler: "instance", a permutation; or "balanced": the classes in one random cycle after another, each giving 4
            samples, which come from random cycles through its own (Shen et al. 2016), and which go on from epoch to epoch;
            or "reversed": independent draws of a class, in proportion to 1 / n_c, and of one of its n_c samples (Zhou et al.
            2020).
        seed, epoch: name the randomness.
        draws: see `epoch_length`.
    """
    if sampler == "instance":
        return torch.randperm(len(labels), generator=generator(seed, "order", epoch))
    if sampler == "reversed":
        return _reversed(labels, generator(seed, "reversed order", epoch))
    members = [torch.from_numpy(np.flatnonzero(labels == c)) for c in np.unique(labels)]
    n_draws = epoch_length(labels, sampler, draws)
    # Draws are numbered through all epochs. Each cycle of the classes gives each class one turn, so that the number of a
    # draw tells how many its class has had before, and an epoch need not know what came in earlier ones.
    draw = torch.arange(epoch * n_draws, (epoch + 1) * n_draws)
    turn, place = draw // IN_A_ROW, draw % IN_A_ROW
    classes = _cycles(torch.arange(len(members)), turn, partial(generator, seed, "class cycles"))
    nth_of_class = turn // len(members) * IN_A_ROW + place
    order = torch.empty(n_draws, dtype=torch.int64)
    for c, own in enumerate(members):
        of_class = classes == c
        order[of_class] = _cycles(own, nth_of_class[of_class], partial(generator, seed, "sample cycles", c))
    return order


def _reversed(labels: Array, random: torch.Generator) -> Tensor:
    """int64 (N,): rows drawn with replacement. A class that has samples is drawn in proportion to 1 / n_c, and so each of
    its samples in proportion to 1 / n_c^2."""
    counts = np.bincount(labels)[labels]
    upto = torch.from_numpy(np.cumsum(1.0 / counts**2))
    drawn = torch.rand(len(labels), generator=random, dtype=torch.float64) * upto[-1]
    return torch.searchsorted(upto, drawn, right=True).clamp(max=len(labels) - 1)


def _cycles(values: Tensor, places: Tensor, random: Callable[[int], torch.Generator]) -> Tensor:
    """What stands at these ascending places of one permutation of the values after another, by the number of the cycle."""
    if not len(places):
        return values[:0]
    first, last = (int(place) // len(values) for place in (places[0], places[-1]))
    cycles = [values[torch.randperm(len(values), generator=random(cycle))] for cycle in range(first, last + 1)]
    return torch.cat(cycles)[places - first * len(values)]
