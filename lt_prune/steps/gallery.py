"""Samples of a set -> contact sheets, as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lt_prune.choices import SHEETS
from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError
from lt_prune.figures.contact import Line, contact_sheet, numbered
from lt_prune.given import expect_whole, known_keywords
from lt_prune.page.picks import NEEDS, other_than, picks
from lt_prune.page.sprites import size_within, thumbnail
from lt_prune.percent import percent
from lt_prune.planning.commands import require_metric
from lt_prune.planning.dropping import NOISE_BY
from lt_prune.steps.build import Data
from lt_prune.steps.finding import Found, find
from lt_prune.store.output import put
from lt_prune.types import Array, LongTailedSet, MetricScores, ScoreSet, Subset, hex_id, kind_of

MOST_CLASSES = 20
"""Rows of a sheet, where no classes are named: of more, evenly from the largest to the smallest."""
SIDE = 160
"""Pixels of a picture's longer side, at most."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A contact sheet that was written."""

    file: str
    ids: tuple[str, ...]
    """16 hexadecimal digits of each sample on it, row by row."""


@known_keywords
def gallery(
    *places: Path | str,
    data: Data | None = None,
    sheet: str = "all",
    metric: str | None = None,
    classes: Sequence[str] | None = None,
    columns: int = 10,
    reading: Reading | None = None,
    out: Path | str = "gallery",
    overwrite: bool = False,
) -> dict[str, Sheet]:
    """Draw samples of each class as contact sheets, a row a class, from the largest to the smallest.

    - "removed", "kept": those that go or stay, the hardest first, of the one subset among the places.
    - "hardest", "easiest": by a metric.
    - "disagreements": those whose ranks by the metric and by another are farthest apart.
    - "noisy": labels in doubt by confident learning, where there are scores by `label-noise`.
    - "copies": exact copies, and near-copies where there are scores by `near-duplicate`; behind each what it is a copy of.

    Args:
        places: as for `report`: files of the set, its scores and a subset, or folders of such.
        data: the set; by default looked for among the files, and where their source was.
        sheet: one of these, or "all" that there is something for.
        metric: what is hard; by default "avh", or the first that there is.
        classes: names of classes to show; by default all, or of more than 20 as many from the largest to the smallest.
        columns: pictures of a class, at most.
        reading: as for `build`.
        out: path of the files without ending, to which the name of the sheet is added.
        overwrite: replace what they hold.

    Returns:
        What was written, by sheet.

    Raises:
        ArgumentError: there is no such sheet, metric or class, what the sheet is made of is missing, there are several
            subsets or scores, or the samples have no pictures.
        FileError: a place does not exist, or a file is damaged.
        MismatchError: a file is of another set, or one to write holds something else.

    Example:
        >>> import lt_prune as lp
        >>> subset = lp.prune("digits", strategy="random", ratio=0.5, out="subsets/half.h5")
        >>> list(lp.gallery("subsets/half.h5", columns=4))
        ['removed', 'kept']
    """
    if sheet not in (*SHEETS, "all"):
        raise ArgumentError(f"unknown sheet {sheet!r}: there are {', '.join(SHEETS)} and all")
    expect_whole("columns", columns, low=1, high=100)
    found = find(places, data, reading)
    shown = _Shown.of(found, metric)
    names = [sheet] if sheet != "all" else [name for name in SHEETS if not shown.lacks(name)]
    for name in names:
        if lacking := shown.lacks(name):
            raise ArgumentError(f"the sheet {name} is made of {lacking}, and there is none: name a file of it too")
    rows = _rows_of_classes(found, classes)
    pages = {name: shown.sheet(name, rows, columns) for name in names}
    drawn = {name: page for name, page in pages.items() if page[0]}
    if not drawn:
        raise ArgumentError("there is nothing to show: no sample is so, or nothing but the set is there; name another sheet")
    files = {name: Path(f"{out}-{name}.png") for name in drawn}
    put({files[name]: contact_sheet(shown.title(name), lines) for name, (lines, _) in drawn.items()}, overwrite)
    return {name: Sheet(file=str(files[name]), ids=ids) for name, (_, ids) in drawn.items()}


@dataclass(frozen=True, eq=False)
class _Shown:
    """What sheets are made of."""

    data: LongTailedSet
    metrics: Mapping[str, MetricScores]
    metric: str | None
    subset: Subset | None

    @staticmethod
    def of(found: Found, metric: str | None) -> _Shown:
        """The pictures, the one score file and the one subset among what was found.

        Raises:
            ArgumentError: there are no pictures, several of these, or no scores by the metric.
        """
        if found.data is None or kind_of(found.data.pixels) == "embeddings":
            raise ArgumentError(f"{found.index.name} has no pictures to show: name a set of images as data")
        for what, files in (("score files", found.scores), ("subsets", found.subsets)):
            if len(files) > 1:
                raise ArgumentError(f"there are {len(files)} {what} ({', '.join(files)}): name one of them")
        file, scores = next(iter(found.scores.items()), ("", None))
        if metric and scores is None:
            raise ArgumentError(f"metric {metric!r} is of scores, and there are none: name a score file too")
        if metric and scores:
            require_metric(scores, metric, file)
        return _Shown(
            found.data, scores.metrics if scores else {}, _metric(scores, metric), next(iter(found.subsets.values()), None)
        )

    def lacks(self, name: str) -> str:
        """What a sheet is made of that is not there; "" for nothing."""
        there = {
            "subset": self.subset is not None,
            "scores": bool(self.metrics),
            "two metrics": len(self.metrics) > 1,
            NOISE_BY: NOISE_BY in self.metrics,
        }
        return next((need for need in NEEDS[name] if not there[need]), "")

    def sheet(self, name: str, classes: Sequence[int], columns: int) -> tuple[list[Line], tuple[str, ...]]:
        """Rows of a sheet, and the ids of its samples; none of both where no sample is so."""
        index, subset = self.data.index, self.subset
        rows = picks(name, index, self.metrics, self.metric, subset, columns)
        rows = {c: some for c, some in rows.items() if c in classes}
        names = numbered(
            {c: index.class_names[c] for c in rows}, index.counts, None if subset is None else subset.kept_counts
        )
        lines = [
            Line(name=names[c], images=self._images(some), captions=self._captions(some, c)) for c, some in rows.items()
        ]
        return lines, tuple(hex_id(index.ids[row]) for some in rows.values() for row in some)

    def title(self, name: str) -> str:
        """What a sheet shows, in a sentence."""
        by = f", the hardest by {self.metric} first" if self.metric else ""
        pruned = f" by {self.subset.label}, {percent(self.subset.ratio, None)}" if self.subset is not None else ""
        other = other_than(self.metric, self.metrics) if self.metric and len(self.metrics) > 1 else ""
        words = {
            "removed": f"removed{pruned}{by}",
            "kept": f"kept{pruned}{by}",
            "hardest": f"the hardest by {self.metric}",
            "easiest": f"the easiest by {self.metric}",
            "disagreements": f"where {self.metric} and {other} disagree most",
            "noisy": "labels in doubt by confident learning",
            "copies": "exact and near-copies, each before what it is a copy of",
        }
        return f"{self.data.index.name}: {words[name]}"

    def _images(self, rows: Array) -> list[Array]:
        images = self.data.pixels[rows]
        return [thumbnail(image, size_within(images, SIDE)) for image in images]

    def _captions(self, rows: Array, label: int) -> list[str]:
        """The score of each, and the class where it is not that of the row."""
        index, metric = self.data.index, self.metrics[self.metric] if self.metric else None
        scores = [f"{metric.mean[row]:.3g}" if metric else "" for row in rows]
        classes = ["" if c == label else index.class_names[c] for c in index.labels[rows]]
        return [" ".join(filter(None, pair)) for pair in zip(scores, classes)]


def _metric(scores: ScoreSet | None, asked: str | None) -> str | None:
    return asked or (scores.shown if scores else None)


def _rows_of_classes(found: Found, names: Sequence[str] | None) -> list[int]:
    """Labels of the classes to show.

    Raises:
        ArgumentError: there is no class of a name.
    """
    known = found.index.class_names
    if names is None:
        order = np.argsort(-found.index.counts, kind="stable")
        places = np.linspace(0, len(order) - 1, min(MOST_CLASSES, len(order))).round().astype(int)
        return [int(c) for c in order[places]]
    if unknown := [name for name in names if name not in known]:
        some = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
        raise ArgumentError(f"there is no class {unknown[0]!r} in {found.index.name}: there are {some}")
    return [known.index(name) for name in names]
