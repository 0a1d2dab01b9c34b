"""What is exported of a subset: samples that were asked for, in the order of the source, and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lt_prune.errors import ArgumentError
from lt_prune.types import Array, ScoreSet, Subset, hex_id


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A subset as another program is to read it."""

    subset: Subset
    chosen: Array
    """bool (N,): the samples asked for, kept or removed."""
    loader_index: Array | None = None
    """int64 (N,): place of each sample in another loader's own order, where that was asked for; -1 where it has none."""
    scores: ScoreSet | None = None
    """Of the same samples."""

    @property
    def order(self) -> str:
        """Whose order places are in."""
        index = self.subset.index
        if self.loader_index is not None:
            return f"torchvision's ImageFolder of {index.source}, listed now"
        if index.file_names:
            return (
                f"the training images of {index.source} as lt-prune lists them: classes and files by name, in every format "
                f"that it reads; ImageFolder takes other files, and has indices of its own (--for imagefolder)"
            )
        return f"the training split of {index.source} in its own order"

    @property
    def places(self) -> Array:
        """int64 (N,): where each sample stands in that order."""
        return self.subset.index.source_index if self.loader_index is None else self.loader_index

    def rows_of(self, mask: Array) -> Array:
        """int64: rows of the index that a mask (N,) has, in that order; without those that have no place in it."""
        rows = np.flatnonzero(mask & (self.places >= 0))
        ordered: Array = rows[np.argsort(self.places[rows])]
        return ordered

    def files(self, format: str) -> list[str]:
        """The file names asked for, in the order of the source.

        Raises:
            ArgumentError: the source has none.
        """
        names = self.subset.index.file_names
        if names is None:
            raise ArgumentError(f"{format} names files, and {self.subset.index.source} has none: export npy, csv or json")
        return [names[row] for row in self.rows_of(self.chosen)]

    def table(self) -> list[dict[str, Any]]:
        """A row for each sample, kept or not, in the order of the source, with the mean of its scores by each metric."""
        index, means = self.subset.index, self._means()
        return [
            {
                "id": hex_id(index.ids[i]),
                "source_index": int(index.source_index[i]),
                **({} if self.loader_index is None else {"imagefolder_index": _or_none(self.loader_index[i])}),
                **({"file": index.file_names[i]} if index.file_names else {}),
                "label": int(index.labels[i]),
                "class": index.class_names[index.labels[i]],
                "kept": bool(self.subset.kept[i]),
                **{name: float(mean[i]) for name, mean in means.items()},
            }
            for i in np.argsort(index.source_index)
        ]

    def _means(self) -> dict[str, Array]:
        return {name: metric.mean for name, metric in self.scores.metrics.items()} if self.scores else {}


def _or_none(place: int) -> int | None:
    return int(place) if place >= 0 else None


def in_lines(lines: Sequence[str]) -> bytes:
    """A text of a line each.

    Raises:
        ArgumentError: one has a line break.
    """
    if broken := next((line for line in lines if line.splitlines() != [line]), None):
        raise ArgumentError(f"a list has a name a line, and the file name {broken!a} has a line break: export json")
    return "".join(f"{line}\n" for line in lines).encode()
