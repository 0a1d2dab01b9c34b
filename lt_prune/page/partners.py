"""Copies on the page: of which other sample each is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lt_prune.data.identity import originals
from lt_prune.page.columns import packed
from lt_prune.page.of_samples import NEAR_BY
from lt_prune.reports.copies import sample_in_words, told_sample, told_test_sample
from lt_prune.types import Array, LongTailedSet, MetricScores, SampleIndex


def partners_told(
    index: SampleIndex,
    rows: Array,
    metrics: Mapping[str, MetricScores],
    flags: Mapping[str, Array],
    data: LongTailedSet | None,
) -> dict[str, dict[str, Any]]:
    """By flag of `of_samples.FLAGS` what each sample so flagged is a copy of: columns, a row a sample. `at` and `of` are the
    places of both on the page, `of` -1 where the other one is not there and `named` has its name and class, by row; `alike`
    are cosines, None of exact copies.

    Left out are flags that are not of copies, and those by scores of earlier versions, which do not say what is nearest.

    Args:
        rows: of the samples on the page, in its order.
        metrics: by the names that they are registered by.
        flags: as `flags_of` has them.
        data: with the test samples; None where these are nowhere to be found, and a number is all that is known of one.
    """
    place = np.full(index.n_samples, -1)
    place[rows] = np.arange(len(rows))
    found = {"copy": _columns(rows[flags["copy"][rows]], exact_partners(index), place, lambda row: told_sample(index, row))}
    for flag, name in NEAR_BY.items():
        if flag not in flags or (nearest := metrics[name].nearest) is None:
            continue
        own = rows[flags[flag][rows] & (nearest[rows] >= 0)]
        if flag == "test":
            found[flag] = _columns(own, nearest, None, lambda row: told_test_sample(data, row))
        else:
            found[flag] = _columns(own, nearest, place, lambda row: told_sample(index, row))
        found[flag]["alike"] = packed(metrics[name].least[own], "<f4")
    return {flag: {"at": packed(place[each.pop("rows")], "<u4"), **each} for flag, each in found.items()}


def _columns(rows: Array, of: Array, place: Array | None, tell: Callable[[int], Mapping[str, Any]]) -> dict[str, Any]:
    """Of samples at these rows; `of` (N,) are the rows of the others, and `place` (N,) where each of these is on the page,
    None where none is."""
    others = of[rows]
    places = np.full(len(rows), -1) if place is None else place[others]
    told = {str(row): tell(int(others[row])) for row in np.flatnonzero(places < 0)}
    named = {row: [sample_in_words(each), each["class"]] for row, each in told.items()}
    return {"rows": rows, "of": packed(places, "<i4"), "alike": None, "named": named}


def exact_partners(index: SampleIndex) -> Array:
    """int64 (N,): of each exact copy the first of them, of the first the next one; -1 of others."""
    first = originals(index.ids)
    repeated = first != np.arange(len(first))
    following = np.full(len(first), -1)
    following[first[repeated][::-1]] = np.flatnonzero(repeated)[::-1]  # of several the one written last counts
    return np.where(repeated, first, following)
