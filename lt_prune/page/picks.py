"""Which samples a contact sheet shows: a few of each class, by what is asked to be seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lt_prune.page.of_samples import flags_of
from lt_prune.page.partners import exact_partners
from lt_prune.planning.dropping import COPIES_BY, NOISE_BY
from lt_prune.types import Array, MetricScores, SampleIndex, Subset

NEEDS: Mapping[str, tuple[str, ...]] = {
    "removed": ("subset",),
    "kept": ("subset",),
    "hardest": ("scores",),
    "easiest": ("scores",),
    "disagreements": ("two metrics",),
    "noisy": (NOISE_BY,),
    "copies": (),
}
"""What each kind of sheet is made of, besides the set."""


def picks(
    kind: str,
    index: SampleIndex,
    metrics: Mapping[str, MetricScores],
    metric: str | None,
    subset: Subset | None,
    number: int,
) -> dict[int, Array]:
    """Rows by class, up to `number` of each, those to be seen first; classes of none are left out. Of copies, what each is a
    copy of stands behind it, of whichever class it is.

    Args:
        kind: of `NEEDS`, whose needs are there.
        metrics: by name, of the samples of the index.
        metric: the one to rank by; None where there are no scores, and samples stand in the order of their ids.
        subset: of the samples of the index.
    """
    chosen, first = _chosen(kind, index, metrics, metric, subset)
    order = np.argsort(-first, kind="stable")
    rows = order[chosen[order]]
    by_class = {c: rows[index.labels[rows] == c] for c in np.argsort(-index.counts, kind="stable").tolist()}
    if kind == "copies":
        partners = _partners(index, metrics)
        by_class = {c: _in_pairs(some, partners) for c, some in by_class.items()}
    return {c: some[:number] for c, some in by_class.items() if len(some)}


def _chosen(
    kind: str, index: SampleIndex, metrics: Mapping[str, MetricScores], metric: str | None, subset: Subset | None
) -> tuple[Array, Array]:
    """Which samples may be seen, bool (N,), and a number each, (N,), of which the highest are seen first."""
    every = np.ones(index.n_samples, dtype=bool)
    hard = metrics[metric].difficulty if metric else np.zeros(index.n_samples)
    if kind in ("removed", "kept"):
        assert subset is not None, "it is needed"
        return (subset.kept if kind == "kept" else ~subset.kept), hard
    if kind == "disagreements":
        return every, _apart(metrics, metric)
    if kind == "noisy":
        return flags_of(index, metrics)["noise"], metrics[NOISE_BY].difficulty
    if kind == "copies":
        flags = flags_of(index, metrics)
        alike = metrics[COPIES_BY].mean if COPIES_BY in metrics else np.zeros(index.n_samples)
        return flags["copy"] | flags.get("near", ~every), alike
    return every, hard if kind == "hardest" else -hard


def other_than(metric: str, metrics: Mapping[str, MetricScores]) -> str:
    """The metric that another one's disagreement is with: the first that is not itself."""
    return next(name for name in metrics if name != metric)


def _apart(metrics: Mapping[str, MetricScores], metric: str | None) -> Array:
    """float64 (N,): how far the ranks by a metric and by the first other one are apart."""
    assert metric is not None, "it is needed"
    names = (metric, other_than(metric, metrics))
    one, two = (np.argsort(np.argsort(metrics[name].difficulty, kind="stable")) for name in names)
    return np.asarray(np.abs(one - two), dtype=np.float64)


def _partners(index: SampleIndex, metrics: Mapping[str, MetricScores]) -> Array:
    """int64 (N,): what each sample is a copy of, exact before near; -1 where that is not known."""
    exact, nearest = exact_partners(index), metrics[COPIES_BY].nearest if COPIES_BY in metrics else None
    return exact if nearest is None else np.where(exact < 0, nearest, exact)


def _in_pairs(rows: Array, partners: Array) -> Array:
    """Rows with the partner of each behind it, every one once."""
    pairs = np.stack([rows, partners[rows]], axis=1).ravel()
    return np.array(list(dict.fromkeys(pairs[pairs >= 0].tolist())), dtype=np.int64)
