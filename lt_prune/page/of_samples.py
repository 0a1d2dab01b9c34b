"""Samples as columns: ids, names, classes, scores, and what may be wrong with each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lt_prune.data.identity import originals
from lt_prune.page.columns import packed, packed_bits, packed_short
from lt_prune.planning.dropping import COPIES_BY, NOISE_BY, SIMILARITY
from lt_prune.types import Array, MetricScores, SampleIndex, Subset, hex_id

NEAR_BY = {"near": COPIES_BY, "other": "near-other", "test": "near-test"}
"""The metrics that tell of near-copies, by the flag that these have."""
FLAGS = {
    "noise": "label in doubt by confident learning",
    "copy": "exact copy of another sample",
    "near": "near-copy of a sample of its class",
    "other": "near-copy of a sample of another class",
    "test": "near-copy of a test sample",
}
"""What may be wrong with a sample."""


def samples_told(
    index: SampleIndex,
    rows: Array,
    metrics: Mapping[str, MetricScores],
    unknown: Mapping[str, bool],
    subsets: Mapping[str, Subset],
    flags: Mapping[str, Array],
) -> dict[str, Any]:
    """Columns of the samples at these rows, in their order.

    Args:
        metrics: by name, of the samples of the index.
        unknown: of each, whether its spread over members is not known.
        subsets: by name, of the samples of the index.
        flags: as `flags_of` has them.
    """
    names = index.file_names
    return {
        "n": len(rows),
        "ids": "".join(map(hex_id, index.ids[rows])),
        "labels": packed(index.labels[rows], "<u4"),
        "places": packed(index.source_index[rows], "<u4"),
        "files": [names[row] for row in rows] if names else None,
        "kept": [packed_bits(subset.kept[rows]) for subset in subsets.values()],
        "means": [packed(each.mean[rows], "<f4") for each in metrics.values()],
        "stds": [None if unknown[name] else packed_short(each.std[rows]) for name, each in metrics.items()],
        "flags": {name: packed_bits(mask[rows]) for name, mask in flags.items()},
        "copies": packed(_numbered(originals(index.ids)[rows]), "<u4"),
    }


def flags_of(index: SampleIndex, metrics: Mapping[str, MetricScores]) -> dict[str, Array]:
    """bool (N,) by name of `FLAGS`: those that scores can tell of, and exact copies, of which the ids tell.

    Args:
        metrics: by the names that metrics are registered by.
    """
    first = originals(index.ids)
    found = {"copy": np.bincount(first, minlength=index.n_samples)[first] > 1}
    if NOISE_BY in metrics:
        found["noise"] = metrics[NOISE_BY].mean < 0
    for name, metric in NEAR_BY.items():
        if metric in metrics:
            found[name] = metrics[metric].least >= SIMILARITY
    return {name: found[name] for name in FLAGS if name in found}


def _numbered(values: Array) -> Array:
    """int64: numbers from 0 on in place of values, equal for equal ones."""
    return np.asarray(np.unique(values, return_inverse=True)[1])
