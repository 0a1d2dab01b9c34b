"""Scores and labels -> subset."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError, DecisionWarning, MemberError
from lt_prune.given import expect_known, expect_whole, keywords_of, known_kinds
from lt_prune.percent import percent
from lt_prune.planning.deciding import Given, Recall
from lt_prune.planning.dropping import Copies, Drop
from lt_prune.planning.forcing import Forced, Ids
from lt_prune.planning.joining import check_match, joined_scores, joined_subset
from lt_prune.planning.paths import given_published, named, scores_of
from lt_prune.planning.pruning import pruning_of
from lt_prune.planning.published_scores import published_for
from lt_prune.reports.warnings import score_warnings, subset_warnings
from lt_prune.steps.build import Data, open_index, open_set
from lt_prune.steps.opening import index_like, open_like
from lt_prune.store.files import write_subset
from lt_prune.strategies import Request, Strategy
from lt_prune.strategies.promised import failing
from lt_prune.types import Array, LongTailedSet, Pixels, SampleIndex, ScoreSet, Subset


@known_kinds
def prune(
    data: Data | SampleIndex | None = None,
    *,
    ratio: float | None = None,
    strategy: str | None = None,
    budget: str | Subset | None = None,
    select: str | None = None,
    scores: ScoreSet | Path | str | None = None,
    metric: str | None = None,
    keep: Literal["hard", "easy"] | None = None,
    within: Literal["set", "class"] | None = None,
    recall: Recall | None = None,
    features: Array | None = None,
    drop: str | Sequence[str] | None = None,
    force_keep: Ids | None = None,
    force_drop: Ids | None = None,
    seed: int = 0,
    allow_empty_class: bool = False,
    match: str = "ids",
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
    **settings: Any,
) -> Subset:
    """Choose which samples to keep, removing exactly round(ratio * N).

    A pruning is a budget, how many of each class are kept, and a selection, which of them; or a strategy, which is both by
    the name of a paper.

    Args:
        data: a set, its index, a set file, or a source name; may be left out where `scores` are given.
        ratio: the fraction to REMOVE, in [0, 1); it may be left out where `budget` is a subset.
        strategy: "ranked", "random", "class-random", or another of the family; or "BUDGET+SELECTION". By default "ranked"
            where `scores`, `metric`, `keep` or `within` is given, and "equal+random" where nothing is: at random, with
            classes as even as they can be, which docs/benchmark.md found to cost least.
        budget: "global" (by default), "proportional", "sqrt", "equal", "floor", "drop", "drop-code", "nucs", "ccs-cp",
            "rcap", or "like:FILE" or a subset, whose class counts are taken.
        select: "hard" (by default), "easy", "random", "window", "strata", "weighted", "infobatch", "beta", "moderate",
            "k-center", "herding" or "d2".
        scores: for what ranks; "published" for those of these samples that come with lt-prune, which are the means over an
            ensemble.
        metric: which of the scores to rank by ("avh" by default, or the only one that was made elsewhere).
        keep: of `ranked`, which end stays, "hard" (default) or "easy".
        within: of `ranked`, over the whole "set" (default) or within each "class".
        recall: a number a class (M,), or a csv file with the columns class and recall, for a budget that needs it; by
            default how often members are right about what they were trained on, by scores of the metric "margin".
        features: float (N, D), an embedding of each sample in the order of the set, for a selection that needs it; by
            default the samples of a set of embeddings.
        drop: what to take out first, "noisy:SHARE,duplicates[:SIMILARITY]" or a list of these: so large a share of the set,
            by `label-noise`; and all but one of exact copies and of near-copies, from this cosine by `near-duplicate` on
            (0.995 by default). The budget is then that of what is left, and as many are kept in all as without it.
        force_keep: ids of samples to keep in any case, or a file with an id a line, as the page of `lt_prune.report` saves
            them. They come before the budget, which is that of the rest; as many are kept in all as without them.
        force_drop: the same of samples to remove in any case.
        seed: names the draw of what is random, and the subset of any.
        allow_empty_class: let a class lose all its samples.
        match: "ids", and the scores must be of the very same samples; or "names", and they are joined to the data by file
            name and label, where the same files were decoded to other pixels.
        reading: as for `build`; what it leaves at its default is as it was for the scores.
        out: file to write the subset to.
        overwrite: replace what `out` holds.
        **settings: of the budget and of the selection, such as window=0.3.

    Raises:
        ArgumentError: the ratio is not in [0, 1), a class would be emptied, the budget cannot be had, an option does not fit
            the strategy, what it needs is missing, or what is forced cannot be.
        UnknownNameError: no such strategy, budget or selection.
        MemberError: one removes another number of samples, or empties a class that it must not.
        MismatchError: the scores are of other data, or `out` holds another subset.

    Warns:
        DecisionWarning: the tail loses more than the head, a class of it more than was asked, a class has few samples
            left, or the members that ranked have learned nothing.

    Example:
        >>> import lt_prune as lp
        >>> subset = lp.prune("digits", strategy="class-random", ratio=0.45)
        >>> subset.kept_counts.tolist()
        [68, 53, 41, 31, 24, 19, 14, 11, 9, 7]
        >>> lp.prune("digits", ratio=0.45).kept_counts.tolist()
        [34, 34, 34, 34, 34, 33, 26, 20, 16, 12]
    """
    known = pruning_of(strategy, budget, select, {}, about_scores(scores, metric, keep, within)).strategy.settings
    expect_known(settings, known, besides=keywords_of(prune))
    subset, _ = prune_to(
        lambda _: out,
        data,
        ratio=ratio,
        strategy=strategy,
        budget=budget,
        select=select,
        scores=scores,
        metric=metric,
        keep=keep,
        within=within,
        recall=recall,
        features=features,
        drop=drop,
        force_keep=force_keep,
        force_drop=force_drop,
        seed=seed,
        allow_empty_class=allow_empty_class,
        match=match,
        reading=reading,
        overwrite=overwrite,
        settings=settings,
    )
    return subset


def about_scores(*options: object) -> bool:
    """Whether one of the options that are about scores is given: then samples are ranked by them."""
    return any(option is not None for option in options)


def prune_to(
    place: Callable[[Subset], Path | str | None],
    data: Data | SampleIndex | None,
    *,
    scores: ScoreSet | Path | str | None,
    overwrite: bool,
    **options: Any,
) -> tuple[Subset, Copies | None]:
    """As `prune`, to a file that may be named after the subset, and what went as copies first; nothing is said of a subset
    that may not be written."""
    score_set = None if scores is None or given_published(scores) else scores_of(scores)
    choice = prepared(data, scores=score_set, given_scores=scores, **options)
    subset = choice.subset()
    if out := place(subset):
        write_subset(out, subset, overwrite=overwrite)
    ranked_by = choice.given.scores
    of_scores = score_warnings(ranked_by) if ranked_by and "metric" in subset.options else []
    for warning in (*of_scores, *subset_warnings(subset)):
        warnings.warn(warning, DecisionWarning, stacklevel=4)
    return subset, choice.given.taken.copies


def choose(*args: Any, **options: Any) -> Subset:
    """As `prune`, without a word on what was chosen: for a step that chooses many subsets and says what it has to itself.
    Arguments are those of `prepared`."""
    return prepared(*args, **options).subset()


@dataclass(frozen=True, eq=False)
class Choice:
    """What is to be chosen from, and by what: all but the draw."""

    given: Given
    ratio: float
    request: Request
    """On the samples that are left where some are taken out first, and others are kept in any case."""
    left: Array
    """int64: rows of these."""

    def subset(self) -> Subset:
        """What is chosen by the request as it was asked, and all that decided it.

        Raises:
            MemberError: the strategy breaks its promise.
        """
        given, asked = self.given, self.request
        kept = self.kept(asked)
        told = {"seed": asked.seed, "allow_empty_class": asked.allow_empty_class, **given.decided()}
        return Subset(index=given.index, kept=kept, strategy=given.name(), ratio=self.ratio, options=told)

    def kept(self, request: Request) -> Array:
        """bool (N,): what is kept, by this request or one like it of another seed or difficulty.

        Raises:
            MemberError: the strategy breaks its promise.
        """
        kept = np.zeros(self.given.index.n_samples, dtype=bool)
        if request.n_remove < len(self.left):  # else there is nothing left to choose
            kept[self.left] = _answer(self.given.name(), self.given.asked.strategy, request)
        kept[self.given.forced.keep] = True
        return kept


def prepared(
    data: Data | SampleIndex | None = None,
    *,
    ratio: float | None,
    strategy: str | None = None,
    budget: str | Subset | None = None,
    select: str | None = None,
    scores: ScoreSet | None = None,
    metric: str | None = None,
    keep: Literal["hard", "easy"] | None = None,
    within: Literal["set", "class"] | None = None,
    recall: Recall | None = None,
    features: Array | None = None,
    drop: str | Sequence[str] | None = None,
    force_keep: Ids | None = None,
    force_drop: Ids | None = None,
    seed: int = 0,
    allow_empty_class: bool = False,
    reading: Reading | None = None,
    match: str = "ids",
    given_scores: object = None,
    settings: Mapping[str, Any] | None = None,
) -> Choice:
    """What `prune` is asked for, opened, joined and checked; arguments are those of `prune`, and `given_scores`, what the
    scores were given as, for messages."""
    by_scores = about_scores(scores, given_scores, metric, keep, within)
    asked = pruning_of(strategy, budget, select, settings or {}, by_scores)
    if ratio is not None or asked.like is None:
        check_ratio(ratio)
    expect_whole("seed", seed)
    check_match(match)
    if match != "ids" and not scores and not asked.like:
        raise ArgumentError("match joins scores, or another subset, and the data: give --scores, or leave out --match")
    index, samples = _opened(data, scores, reading, "features" in asked.strategy.needs and features is None)
    scores = published_for(index) if scores is None and given_published(given_scores) else scores
    given = Given(
        asked=asked,
        index=index,
        scores=joined_scores(scores, index, named(given_scores, "the score file"), match) if scores else None,
        given_scores=given_scores,
        metric=metric,
        keep=keep,
        within=within,
        recall=recall,
        features=features,
        samples=samples,
        like=joined_subset(asked.like, index, "the other subset", match) if asked.like else None,
        drop=Drop.of(drop),
        forced=Forced.of(force_keep, force_drop, index),
    )
    ratio, n_remove = _removed(ratio, given)
    given.taken.require_room(n_remove)
    given.forced.require_room(n_remove)
    left = np.flatnonzero(~given.taken.rows & ~given.forced.keep)
    n_remove -= int(given.taken.rows.sum())
    if not allow_empty_class:
        _require_each_class(index, given.taken.rows if n_remove < len(left) else ~given.forced.keep)
    request = Request(
        ids=index.ids[left],
        labels=index.labels[left],
        n_classes=index.n_classes,
        n_remove=n_remove,
        seed=seed,
        allow_empty_class=allow_empty_class,
        **given.fields(left),
    )
    return Choice(given, ratio, request, left)


def _require_each_class(index: SampleIndex, gone: Array) -> None:
    """Refuse what leaves nothing of a class, whatever the strategy."""
    left = np.bincount(index.labels[~gone], minlength=index.n_classes)
    if (emptied := np.flatnonzero((index.counts > 0) & (left == 0))).size:
        c = emptied[0]
        raise ArgumentError(
            f"what is forced leaves none of the {index.counts[c]:,} samples of class {index.class_names[c]!r}: name one "
            f"of them in --force-keep and not in --force-drop, or allow it by `lt-prune prune --allow-empty-class`"
        )


def _removed(ratio: float | None, given: Given) -> tuple[float, int]:
    """The fraction to remove and the number; by default those of the subset whose class counts are taken."""
    n = given.index.n_samples
    if ratio is None:
        assert given.like is not None, "without a ratio there is a subset that has one"
        n_remove = n - int(given.like.kept.sum())
        return (given.like.ratio if round(given.like.ratio * n) == n_remove else n_remove / n), n_remove
    if (n_remove := round(ratio * n)) == n:
        raise ArgumentError(f"ratio {ratio} would remove all {n:,} samples: ask for a smaller ratio")
    return ratio, n_remove


def _answer(name: str, strategy: Strategy, request: Request) -> Array:
    """The mask (N,) of a strategy that keeps its promise."""
    n, what = len(request.labels), f"strategy {name!r}"
    with failing(what, name):
        kept = strategy(request)
    if not isinstance(kept, np.ndarray) or kept.dtype != bool or kept.shape != (n,):
        found = f"{kept.dtype} {kept.shape}" if isinstance(kept, np.ndarray) else type(kept).__name__
        raise MemberError(f"{what} must answer with a mask, bool ({n},), True for what to keep, and gave {found}", name)
    if (removed := n - int(kept.sum())) != request.n_remove:
        raise MemberError(f"{what} must remove exactly {request.n_remove:,} of {n:,} samples, and removed {removed:,}", name)
    counts, left = (np.bincount(labels, minlength=request.n_classes) for labels in (request.labels, request.labels[kept]))
    if (emptied := np.flatnonzero((counts > 0) & (left == 0))).size and not request.allow_empty_class:
        raise MemberError(f"{what} must empty no class, and emptied {', '.join(map(str, emptied))}", name)
    return kept


def check_ratio(ratio: Any) -> None:
    """Refuse a ratio that is not a fraction to remove.

    Raises:
        ArgumentError: it is not in [0, 1).
    """
    if ratio is None:
        raise ArgumentError("ratio is missing: give the fraction to remove, in [0, 1)")
    real = isinstance(ratio, (int, float, np.number))
    if not real or not 0 <= ratio < 1:
        meant_percent = real and 1 < ratio < 100
        meant = f": did you mean {ratio / 100:g}, which removes {percent(ratio / 100, None)}?" if meant_percent else ""
        raise ArgumentError(f"ratio is the fraction to remove and must be in [0, 1), not {ratio}{meant}")


def _opened(
    data: Data | SampleIndex | None, scores: ScoreSet | None, reading: Reading | None, with_samples: bool
) -> tuple[SampleIndex, Pixels | None]:
    """What is to be pruned: the data's samples, by default those of the scores; and where they are asked for, and there are
    any, the samples themselves."""
    if isinstance(data, SampleIndex):
        return data, None
    if isinstance(data, LongTailedSet):
        return data.index, data.pixels
    if scores is None:
        named_data = "digits" if data is None else data
        if with_samples:
            return _both(open_set(named_data, reading=reading))
        return open_index(named_data, reading=reading), None
    if data is None:
        return scores.index, None
    before = scores.index
    if with_samples:
        return _both(open_like(data, reading, before.source, before.reading))
    return index_like(data, reading, before.source, before.reading), None


def _both(opened: LongTailedSet) -> tuple[SampleIndex, Pixels]:
    return opened.index, opened.pixels
