"""CCS (Zheng et al. 2023): all levels of difficulty are covered alike, once the hardest are cut."""

from __future__ import annotations

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.setting import Setting
from lt_prune.types import Array


@selection(
    equation="the hardest share is cut; of strata of equal score width, each keeps min(its size, n / strata) at random",
    paper="CCS: Zheng et al., ICLR 2023, Algorithm 1",
    needs=("scores",),
    settings={
        "cutoff": Setting(0.1, "share of the hardest that goes first, as far as so many go", high=1),
        "strata": Setting(50, "ranges of score of equal width", low=1),
    },
)
def strata(group: Group, n_keep: int, *, cutoff: float, strata: int) -> Array:
    """What a stratum cannot use is carried on to the larger ones; the remainder goes to the largest."""
    assert group.difficulty is not None, "the prune step gives scores to every selection that needs them"
    by_difficulty = highest_first(group.difficulty)
    n_cut = min(int(cutoff * len(by_difficulty)), len(by_difficulty) - n_keep)
    cut, pool = by_difficulty[:n_cut], np.sort(by_difficulty[n_cut:])
    shuffled = pool[highest_first(group.draw("strata")[pool])]
    own = _stratum(group.difficulty[shuffled], strata)
    first = _rank(own) < _shared(n_keep, np.bincount(own, minlength=strata))[own]
    return np.asarray(np.r_[shuffled[first], shuffled[~first], cut[::-1]])


def _stratum(difficulty: Array, strata: int) -> Array:
    """int64 (P,): which range of equal width each is in, from the easiest."""
    low, high = float(difficulty.min()), float(difficulty.max())
    width = (high - low) / strata or 1.0
    return np.minimum((difficulty.astype(np.float64) - low) / width, strata - 1).astype(np.int64)


def _shared(total: int, sizes: Array) -> Array:
    """int64 (S,): how many each stratum keeps, the smallest first: an equal part of what is left, at most its size."""
    shares = np.zeros_like(sizes)
    for rank, place in enumerate(np.argsort(sizes, kind="stable")):
        shares[place] = min(sizes[place], (total - shares.sum()) // (len(sizes) - rank))
    return shares


def _rank(groups: Array) -> Array:
    """int64 (P,): how many of the same stratum stand before each."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank
