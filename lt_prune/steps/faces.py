"""Sets, scores, subsets, results and sweeps as HTML, as data frames, and as pictures; see `lt_prune.faces`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, singledispatch
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.errors import ArgumentError
from lt_prune.figures.by_class import Drawing, Panel, class_rows, render
from lt_prune.figures.curves import curves
from lt_prune.figures.curves import render as render_curves
from lt_prune.figures.scores import scores_figure
from lt_prune.reports.aggregate import aggregate
from lt_prune.reports.html import html_table
from lt_prune.reports.log import facts_of
from lt_prune.reports.summary import summarise_set, summarise_subset
from lt_prune.reports.words import pruned_by
from lt_prune.runs import TrainResult
from lt_prune.selections import highest_first
from lt_prune.steps.sweep import Sweep
from lt_prune.store.pictures import write_picture
from lt_prune.types import GROUPS, LongTailedSet, SampleIndex, ScoreSet, Subset, hex_id

ACCURACIES = ("overall", "balanced", *GROUPS)
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Picture:
    """A figure that a notebook shows."""

    as_format: Callable[[str], bytes]
    """Its file, by format."""

    def __repr__(self) -> str:
        return "<Picture: show it in a notebook, or save(stem) it>"

    def _repr_png_(self) -> bytes:
        return self.as_format("png")

    def save(self, stem: Path | str, *, overwrite: bool = False) -> tuple[str, ...]:
        """Write STEM.png and STEM.pdf, and return their names.

        Raises:
            MismatchError: one of them holds something else, and is not to be replaced.
        """
        return write_picture(stem, self.as_format, overwrite=overwrite)


def html_of(record: Any) -> str:
    """A record's line above a table of what is most asked for."""
    return html_table(repr(record).strip("<>"), _summary(record))


def frame_of(record: Any) -> Any:
    """A record as a `pandas.DataFrame`."""
    try:
        import pandas
    except ImportError:
        raise ArgumentError("data frames are pandas', which is not installed: pip install 'lt-prune[pandas]'") from None
    return pandas.DataFrame(_columns(record))


def picture_of(record: Any) -> Picture:
    """A picture of a record."""
    return Picture(_drawn(record))


@singledispatch
def _summary(record: Any) -> Rows:
    raise TypeError(type(record))


@_summary.register
def _(record: LongTailedSet) -> Rows:
    classes: Rows = summarise_set(record)["classes"]
    return sorted(classes, key=lambda row: -row["count"])


@_summary.register
def _(record: ScoreSet) -> Rows:
    return [
        {
            "metric": name,
            "mean": float(each.mean.mean()),
            "deviation over samples": float(each.mean.std()),
            "harder": "higher" if each.higher_is_harder else "lower",
        }
        for name, each in record.metrics.items()
    ]


@_summary.register
def _(record: Subset) -> Rows:
    groups = summarise_subset(record)["groups"]
    return [{"group": name, **row, "removed": row["before"] - row["kept"]} for name, row in groups.items()]


@_summary.register
def _(record: TrainResult) -> Rows:
    reached = {name: getattr(record.evaluation, name) for name in ACCURACIES}
    return [{f"{name} %": None if value is None else 100 * value for name, value in reached.items()}]


@_summary.register
def _(record: Sweep) -> Rows:
    return [
        {"pruned by": pruned_by(row), "removed %": 100 * row["ratio"], "runs": row["n"], **_percents(row)}
        for row in aggregate(record.runs)
    ]


def _percents(row: Mapping[str, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in ACCURACIES:
        mean, std = row[f"{name}_mean"], row[f"{name}_std"]
        spread = "" if std is None else f" ± {100 * std:.2f}"
        found[f"{name} %"] = None if mean is None else f"{100 * mean:.2f}{spread}"
    return found


@singledispatch
def _columns(record: Any) -> Mapping[str, Any] | Rows:
    raise TypeError(type(record))


@_columns.register
def _of_samples(index: SampleIndex) -> Mapping[str, Any]:
    return {
        "id": [*map(hex_id, index.ids)],
        "file": list(index.file_names or [None] * index.n_samples),
        "source_index": index.source_index,
        "class": np.array(index.class_names, dtype=object)[index.labels],
        "group": np.array(GROUPS, dtype=object)[index.class_groups[index.labels]],
    }


@_columns.register
def _(record: LongTailedSet) -> Mapping[str, Any]:
    return _of_samples(record.index)


@_columns.register
def _(record: ScoreSet) -> Mapping[str, Any]:
    """Of each metric mean, deviation over members where that is known, and rank, 1 for the hardest, as `score_rows` has."""
    columns = dict(_of_samples(record.index))
    for name, each in record.metrics.items():
        rank = np.empty(record.index.n_samples, dtype=np.int64)
        rank[highest_first(each.difficulty)] = np.arange(1, len(rank) + 1)
        spread = record.spread(name)
        columns |= {name: each.mean} | ({} if spread is None else {f"{name}_std": spread}) | {f"{name}_rank": rank}
    return columns


@_columns.register
def _(record: Subset) -> Mapping[str, Any]:
    return {**_of_samples(record.index), "kept": record.kept}


@_columns.register
def _(record: TrainResult) -> Mapping[str, Any]:
    return {
        "class": range(len(record.class_counts)),
        "n_train": record.class_counts,
        "accuracy": record.evaluation.per_class,
    }


@_columns.register
def _(record: Sweep) -> Rows:
    """Of each run what it is, how it ended, and what it reached."""
    told = [(what, facts) for what, facts in map(facts_of, record.runs)]
    return [{"state": what, **{key: value for key, value in facts.items() if key != "loss"}} for what, facts in told]


@singledispatch
def _drawn(record: Any) -> Callable[[str], bytes]:
    raise TypeError(type(record))


@_drawn.register
def _(record: LongTailedSet) -> Callable[[str], bytes]:
    panel = Panel("training samples", {"count": "samples"}, bars=True, counts=True)
    return _by_class(record.index, repr(record).strip("<>"), [panel], {})


@_drawn.register
def _(record: ScoreSet) -> Callable[[str], bytes]:
    return partial(scores_figure, record, record.shown)


@_drawn.register
def _(record: Subset) -> Callable[[str], bytes]:
    panel = Panel("training samples", {"count": "before", "kept": "after"}, bars=True, counts=True)
    return _by_class(record.index, repr(record).strip("<>"), [panel], {"kept": record.kept_counts.tolist()})


def _by_class(
    index: SampleIndex, title: str, panels: Sequence[Panel], columns: Mapping[str, Sequence[float | None]]
) -> Callable[[str], bytes]:
    rows = class_rows(index.class_names, index.counts.tolist(), index.groups, columns, sizes=index.counts)
    return partial(render, Drawing(title=title, rows=rows, panels=tuple(panels)))


@_drawn.register
def _(record: TrainResult) -> Callable[[str], bytes]:
    counts, accuracy = np.array(record.class_counts), record.evaluation.per_class
    panels = (
        Panel("trained on", {"count": "samples"}, bars=True, counts=True),
        Panel("test accuracy (%)", {"accuracy": "accuracy"}, bars=True, percent=True),
    )
    names, n_classes = [str(c) for c in range(len(counts))], len(counts)
    rows = class_rows(names, counts.tolist(), (n_classes, n_classes), {"accuracy": accuracy}, sizes=counts)
    return partial(render, Drawing(title=repr(record).strip("<>"), rows=rows, panels=panels))


@_drawn.register
def _(record: Sweep) -> Callable[[str], bytes]:
    figures = curves(aggregate(record.runs))
    if not figures:
        raise ArgumentError("a figure shows what pruning costs, and no run is on a pruned set: sweep some ratios")
    return partial(render_curves, figures[0])
