"""Scores that come with the package: the means of every metric over an ensemble of ours, of sets that many use.

They are found by the content of a set, so its source, order and names may be any.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lt_prune.choices import PUBLISHED
from lt_prune.errors import ArgumentError
from lt_prune.store.files import read_scores
from lt_prune.store.hdf5 import said_of
from lt_prune.types import SampleIndex, ScoreSet, Subset

FOLDER = Path(__file__).parents[1] / "published"
"""Where the package has them, a file a set."""


def published_files() -> list[Path]:
    """Every file of published scores."""
    return sorted(FOLDER.glob("*.h5"))


def published_scores(index: SampleIndex, seed: int | None = None) -> ScoreSet | None:
    """Published scores of these very samples, by the ensemble of a seed where one is given; None where there are none.

    Raises:
        FileError: the file is damaged.
    """
    for file in published_files():
        said = said_of(file)
        if said.get("data_digest") == index.digest and seed in (None, said.get("ensemble")):
            return replace(read_scores(file), index=index)
    return None


def published_for(index: SampleIndex) -> ScoreSet:
    """Published scores of these very samples.

    Raises:
        ArgumentError: there are none, and how much of the set others are of.
    """
    if found := published_scores(index):
        return found
    raise ArgumentError(
        f"there are no published scores of {index.name}{told_others(index)}: score the set by `lt-prune score`, or name the "
        f"one that they are of"
    )


def published_that_chose(subset: Subset) -> ScoreSet | None:
    """The published scores that chose a subset; None where these are none, or none that this version has."""
    if "published" not in subset.options:
        return None
    found = published_scores(subset.index)
    return found if found and found.digest == subset.options["scores"] else None


def told_others(index: SampleIndex) -> str:
    """What there is of published scores that are not those looked for: by another ensemble, or of the samples that a set
    has the most of; "" where it has none of any."""
    if found := published_scores(index):
        return f" (those published are by the ensemble of seed {found.ensemble}: name them by --scores {PUBLISHED})"
    others = [read_scores(file).index for file in published_files()]
    numbers = [len(np.intersect1d(other.ids, index.ids, assume_unique=True)) for other in others]
    if not any(numbers):
        return ""
    common = max(numbers)
    other = others[numbers.index(common)]
    return (
        f" (those published of {other.name} were made on other samples: {common:,} of its {other.n_samples:,} ids are among "
        f"the {index.n_samples:,} of {index.name})"
    )
