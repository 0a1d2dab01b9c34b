"""D2 pruning (Maharana et al. 2024): difficulty spreads over a graph of neighbours, so that what is kept is also diverse."""

from __future__ import annotations

import heapq

import numpy as np

from lt_prune.selections import Group, highest_first, selection
from lt_prune.setting import Setting
from lt_prune.types import Array


@selection(
    equation="x_i += sum_j exp(-gamma_forward d_ij^2) x_j over its neighbours; then the highest is kept again and again, "
    "and its neighbours x_j -= exp(-gamma_reverse d_ij^2) x_i",
    paper="D2: Maharana, Yadav & Bansal, ICLR 2024, section 3",
    needs=("scores", "features"),
    settings={
        "neighbours": Setting(10, "nearest neighbours that a sample is joined to", low=1),
        "gamma_forward": Setting(1.0, "how fast difficulty falls with distance on its way to a sample"),
        "gamma_reverse": Setting(1.0, "how fast what a kept sample takes from its neighbours falls with distance"),
    },
)
def d2(group: Group, n_keep: int, *, neighbours: int, gamma_forward: float, gamma_reverse: float) -> Array:
    """Those that are not kept follow by what is left of their numbers."""
    assert group.difficulty is not None, "the prune step gives scores to every selection that needs them"
    assert group.features is not None, "the prune step gives features to every selection that needs them"
    near, squares = _neighbours(group.features, min(neighbours, len(group.ids) - 1))
    difficulty = group.difficulty.astype(np.float64)
    difficulty -= min(float(difficulty.min()), 0.0)
    sums = difficulty + (np.exp(-gamma_forward * squares) * difficulty[near]).sum(axis=1)
    chosen = _highest_again_and_again(sums, near, np.exp(-gamma_reverse * squares), n_keep)
    sums[chosen] = -np.inf
    return np.asarray(np.r_[chosen, highest_first(sums)[: len(sums) - n_keep]])


def _neighbours(features: Array, k: int) -> tuple[Array, Array]:
    """int64 (G, k) places of the nearest others of each sample, and float64 (G, k), their squared distances."""
    from sklearn.neighbors import NearestNeighbors

    if not k:
        return np.empty((len(features), 0), dtype=np.int64), np.empty((len(features), 0))
    distances, places = NearestNeighbors(n_neighbors=k + 1).fit(features).kneighbors(features)
    others = places != np.arange(len(features))[:, None]
    others[others.all(axis=1), -1] = False  # copies may hide a sample from itself
    return places[others].reshape(-1, k), distances[others].reshape(-1, k) ** 2


def _highest_again_and_again(sums: Array, near: Array, taken: Array, n_keep: int) -> Array:
    """int64 (n_keep,): places in the order in which they are the highest; changes `sums`. Ties fall to the first id."""
    heap = [(-value, place) for place, value in enumerate(sums)]
    heapq.heapify(heap)
    left, chosen = np.ones(len(sums), dtype=bool), np.empty(n_keep, dtype=np.int64)
    for k in range(n_keep):
        while True:
            value, here = heapq.heappop(heap)
            if left[here] and -value == sums[here]:  # an entry of before it changed is passed over
                break
        left[here], chosen[k] = False, here
        for other, share in zip(near[here], taken[here]):
            if left[other]:
                sums[other] -= share * sums[here]
                heapq.heappush(heap, (-sums[other], other))
    return chosen
