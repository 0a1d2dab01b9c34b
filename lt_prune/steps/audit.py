"""Subsets -> what they are, before anything is trained on them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.reading import Reading
from lt_prune.data.leaks import leaks, of_another_label
from lt_prune.errors import ArgumentError, DecisionWarning
from lt_prune.given import known_keywords
from lt_prune.measures import effective_classes, jaccard, rank_stability, spearman
from lt_prune.metrics import OF_TEST
from lt_prune.planning.commands import require_metric
from lt_prune.planning.dropping import SIMILARITY, copies_dropped
from lt_prune.planning.joining import joined_scores
from lt_prune.planning.paths import named, scores_of, subset_of
from lt_prune.reports.by_class import classes_audited
from lt_prune.reports.copies import told_copies, told_test_sample
from lt_prune.reports.dangers import ranking_dangers, subset_dangers
from lt_prune.reports.summary import imbalance_ratio
from lt_prune.steps.build import Data
from lt_prune.steps.opening import open_like
from lt_prune.types import GROUPS, Array, LongTailedSet, MetricScores, SampleIndex, ScoreSet, Subset


@known_keywords
def audit(
    *subsets: Subset | Path | str,
    scores: ScoreSet | Path | str | None = None,
    metric: str | None = None,
    data: Data | None = None,
    reading: Reading | None = None,
) -> dict[str, Any]:
    """Say what subsets of one set are, before anything is trained on them.

    Args:
        subsets: one or more, or their files.
        scores: for how steady the ranking is; none by default, and nothing is said of it.
        metric: which of the scores; by default those that the subsets were chosen by, or else "avh".
        data: the set itself, to look for exact copies in it; by default that is not done. It is read as it was before.
        reading: as for `build`.

    Returns:
        A dictionary of plain values:

        - name, n_samples, n_classes of the set, and `before`: its imbalance (largest class over smallest, None where one is
          empty), effective_classes (the inverse of Simpson's index; Hill 1973), smallest_class, and samples by group;
        - `subsets`, in the order given: the same of what each keeps, its name (`subset`), strategy, ratio, and `copies`:
          samples that it keeps which are also among the test samples (in_test) or stand under two labels (two_labels), None
          where no data were given; and those that are nearly so (near_test, near_two_labels) by every member, at a cosine of
          0.995 or more, None where the scores have no metric `near-test` or `near-other`. Each copy has its id, file,
          source_index, class and `similarity` (None of exact ones), and the same of what it is a copy `of`: of a test
          sample its place in the test set and, where the data were given, its file and class; None where scores of an
          earlier version do not say it. And `copies_dropped`, the same of what `drop` took out, None where the scores are
          not those that told it;
        - `overlaps`: of each pair the Jaccard index of what they keep;
        - `rankings`: of each metric the members (None of scores made elsewhere and of published means), `stability`,
          Spearman's correlation of two halves of the ensemble, and `with_class_size`, that of classes' mean difficulty with
          their sizes;
        - `classes`, the largest first: samples before and kept by each subset, and mean scores;
        - `dangers`: sentences; thresholds and reasons are in `lt_prune.reports.dangers`.

    Raises:
        ArgumentError: there is no subset, or the scores lack the metric.
        MismatchError: a subset, the scores or the data are of other samples than the first subset.

    Warns:
        DecisionWarning: each of the dangers.

    Example:
        >>> import lt_prune as lp
        >>> halved = lp.prune("digits", strategy="random", ratio=0.5)
        >>> found = lp.audit(halved, lp.prune("digits", strategy="class-random", ratio=0.5))
        >>> [round(each["effective_classes"], 1) for each in (found["before"], *found["subsets"])]
        [6.7, 6.8, 6.7]
    """
    chosen = _of_one_set(subsets)
    index = next(iter(chosen.values())).index
    score_set = joined_scores(scores_of(scores), index, named(scores, "the score file")) if scores is not None else None
    metrics = _metrics(score_set, scores, list(chosen.values()), metric) if score_set else []
    looked = _Looked.at(data, reading, index) if data is not None else None
    copied = {name: _copies_kept(subset, looked, score_set) for name, subset in chosen.items()}
    rankings = [_ranking(score_set, each) for each in metrics if score_set]
    dangers = _dangers(chosen, copied, rankings)
    for danger in dangers:
        warnings.warn(danger, DecisionWarning, stacklevel=3)
    return {
        "name": index.name,
        "n_samples": index.n_samples,
        "n_classes": index.n_classes,
        "before": _numbers(index, index.counts),
        "subsets": [{**_told(name, subset, score_set), "copies": copied[name]} for name, subset in chosen.items()],
        "overlaps": _overlaps(chosen),
        "rankings": rankings,
        "classes": _classes(chosen, score_set, metrics),
        "dangers": dangers,
    }


def _of_one_set(subsets: Sequence[Subset | Path | str]) -> dict[str, Subset]:
    """By name.

    Raises:
        ArgumentError: there is none.
        MismatchError: one is of other samples than the first.
    """
    if not subsets:
        raise ArgumentError("there is no subset to audit: name one or more")
    chosen = _by_name(subsets)
    index = next(iter(chosen.values())).index
    for name, subset in chosen.items():
        index.require_same(subset.index, name)
    return chosen


def _by_name(subsets: Sequence[Subset | Path | str]) -> dict[str, Subset]:
    """Each by the name of its file, or by what chose it; by a number besides where several are alike."""
    found: dict[str, Subset] = {}
    for given in subsets:
        subset = subset_of(given)
        name = f"{subset.label} {subset.ratio:g}" if isinstance(given, Subset) else Path(given).stem
        alike = sum(known == name or known.startswith(f"{name} (") for known in found)
        found[f"{name} ({alike + 1})" if alike else name] = subset
    return found


def _metrics(scores: ScoreSet, given: object, subsets: Sequence[Subset], asked: str | None) -> list[str]:
    """Which metrics are told of, all of which the scores have."""
    ranked = [subset.options["metric"] for subset in subsets if subset.options.get("metric")]
    names = list(dict.fromkeys([asked] if asked else ranked or [scores.shown]))
    for name in names:
        require_metric(scores, name, given)
    return names


def _numbers(index: SampleIndex, counts: Array) -> dict[str, Any]:
    """What samples of the classes, int (M,), are as a whole."""
    return {
        "n_samples": int(counts.sum()),
        "imbalance": imbalance_ratio(counts),
        "effective_classes": effective_classes(counts),
        "smallest_class": int(counts.min()),
        "groups": {group: int(counts[index.class_groups == g].sum()) for g, group in enumerate(GROUPS)},
    }


def _told(name: str, subset: Subset, scores: ScoreSet | None) -> dict[str, Any]:
    how = {"subset": name, "strategy": subset.strategy, "ratio_removed": subset.ratio}
    return how | _numbers(subset.index, subset.kept_counts) | {"copies_dropped": _dropped(subset, scores)}


def _overlaps(subsets: Mapping[str, Subset]) -> list[dict[str, Any]]:
    """Of each pair, what both keep of what either keeps."""
    return [
        {"one": one, "other": other, "jaccard": jaccard(subsets[one].kept, subsets[other].kept)}
        for one, other in combinations(subsets, 2)
    ]


def _classes(subsets: Mapping[str, Subset], scores: ScoreSet | None, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """A row a class."""
    means = {each: _class_means(scores.index, scores.metric(each).mean) for each in metrics if scores}
    return classes_audited(subsets, means)


def _ranking(scores: ScoreSet, metric: str) -> dict[str, Any]:
    chosen, index = scores.metric(metric), scores.index
    filled = index.counts > 0
    means = _class_means(index, chosen.difficulty)
    return {
        "metric": metric,
        "members": scores.members_here,
        "stability": rank_stability(chosen.per_member),
        "with_class_size": spearman(means[filled], index.counts[filled]),
    }


def _class_means(index: SampleIndex, values: Array) -> Array:
    """float64 (M,); not a number of a class without samples."""
    sums = np.bincount(index.labels, weights=values, minlength=index.n_classes)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / index.counts)


def _dangers(
    subsets: Mapping[str, Subset], copies: Mapping[str, dict[str, Any]], rankings: Sequence[dict[str, Any]]
) -> list[str]:
    """All of them; of several subsets each is named."""
    of_subsets = [
        f"{name}: {danger}" if len(subsets) > 1 else danger
        for name, subset in subsets.items()
        for danger in subset_dangers(subset, copies[name])
    ]
    told = ("metric", "members", "stability")
    return [*of_subsets, *chain(*(ranking_dangers(*(each[name] for name in told)) for each in rankings))]


@dataclass(frozen=True, eq=False)
class _Looked:
    """Exact copies in a set, and the set."""

    index: SampleIndex
    pictures: Array
    """uint64 (N,), equal for exact copies."""
    in_test: Array
    """int64 (N,): the test sample that each is a copy of, -1 where there is none."""
    data: LongTailedSet

    @staticmethod
    def at(data: Data, reading: Reading | None, index: SampleIndex) -> _Looked:
        """The set that `data` names.

        Raises:
            MismatchError: it is another set than that of the index.
        """
        opened = open_like(data, reading, index.source, index.reading)
        opened.index.require_same(index, "the subset")
        return _Looked(opened.index, *leaks(opened), opened)

    def copies_kept(self, kept: Array) -> dict[str, list[dict[str, Any]]]:
        """Which of the samples at these rows are exact copies, by what is wrong with them."""
        leaked = kept[self.in_test[kept] >= 0]
        other = of_another_label(self.pictures[kept], self.index.labels[kept])
        doubtful = other >= 0
        return {
            "in_test": told_copies(self.index, leaked, self.in_test[leaked], tell=partial(told_test_sample, self.data)),
            "two_labels": told_copies(self.index, kept[doubtful], kept[other[doubtful]]),
        }


def _copies_kept(subset: Subset, looked: _Looked | None, scores: ScoreSet | None) -> dict[str, Any]:
    """Samples kept that are exact copies, or near ones by every member."""
    kept = np.flatnonzero(subset.kept)
    found: dict[str, Any] = {"in_test": None, "two_labels": None, **(looked.copies_kept(kept) if looked else {})}
    tell_test = partial(told_test_sample, looked.data if looked else None)
    for kind, metric, tell in (("near_test", OF_TEST[0], tell_test), ("near_two_labels", "near-other", None)):
        there = scores.metrics.get(metric) if scores else None
        found[kind] = _near(subset.index, there, kept, tell) if there else None
    return found


def _near(index: SampleIndex, metric: MetricScores, kept: Array, tell: Any) -> list[dict[str, Any]]:
    rows = kept[metric.least[kept] >= SIMILARITY]
    of = np.full(len(rows), -1) if metric.nearest is None else metric.nearest[rows]
    return told_copies(index, rows, of, metric.least[rows], tell)


def _dropped(subset: Subset, scores: ScoreSet | None) -> list[dict[str, Any]] | None:
    copies = copies_dropped(subset, scores)
    return told_copies(subset.index, copies.rows, copies.of, copies.similarity) if copies else None
