"""Scores and labels -> subset."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lt_prune.choices import KEEP, WITHIN
from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError, DecisionWarning, LtPruneError, MemberError
from lt_prune.given import expect_one_of, expect_whole, known_keywords
from lt_prune.metrics import METRICS
from lt_prune.planning.commands import lacks
from lt_prune.planning.joining import joined_scores
from lt_prune.planning.paths import named, scores_of
from lt_prune.registry import described
from lt_prune.report.warnings import score_warnings, subset_warnings
from lt_prune.steps.build import Data, open_index
from lt_prune.steps.opening import index_like
from lt_prune.store.files import write_subset
from lt_prune.strategies import STRATEGIES, Request, Strategy
from lt_prune.types import Array, SampleIndex, ScoreSet, Subset


@known_keywords
def prune(
    data: Data | SampleIndex | None = None,
    *,
    ratio: float,
    strategy: str = "ranked",
    scores: ScoreSet | Path | str | None = None,
    metric: str | None = None,
    keep: Literal["hard", "easy"] | None = None,
    within: Literal["set", "class"] | None = None,
    seed: int = 0,
    allow_empty_class: bool = False,
    match: str = "ids",
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
) -> Subset:
    """Choose which samples to keep, removing exactly round(ratio * N).

    Args:
        data: a set, its index, a set file, or a source name; may be left out where `scores` are given.
        ratio: the fraction to REMOVE, in [0, 1).
        strategy: "random", "class-random" or "ranked".
        scores: for strategies that rank.
        metric: which of the scores to rank by ("avh" by default).
        keep: which end stays, "hard" (default) or "easy".
        within: rank over the whole "set" (default) or within each "class".
        seed: names the random strategies' draw, and the subset of any.
        allow_empty_class: let a class lose all its samples.
        match: "ids", and the scores must be of the very same samples; or "names", and they are joined to the data by file
            name and label, where the same files were decoded to other pixels.
        reading: as for `build`; what it leaves at its default is as it was for the scores.
        out: file to write the subset to.
        overwrite: replace what `out` holds.

    Raises:
        ArgumentError: the ratio is not in [0, 1), a class would be emptied, or an option does not fit the strategy.
        UnknownNameError: no such strategy.
        MemberError: the strategy removes another number of samples, or empties a class that it must not.
        MismatchError: the scores are of other data, or `out` holds another subset.

    Warns:
        DecisionWarning: the tail loses more than the head, a class of it more than was asked, a class has few samples
            left, or the members that ranked have learned nothing.

    Example:
        >>> import lt_prune as lp
        >>> subset = lp.prune("digits", strategy="class-random", ratio=0.45)
        >>> subset.kept_counts.tolist()
        [68, 53, 41, 31, 24, 19, 14, 11, 9, 7]
    """
    return prune_to(
        lambda _: out,
        data,
        ratio=ratio,
        strategy=strategy,
        scores=scores,
        metric=metric,
        keep=keep,
        within=within,
        seed=seed,
        allow_empty_class=allow_empty_class,
        match=match,
        reading=reading,
        overwrite=overwrite,
    )


def prune_to(
    place: Callable[[Subset], Path | str | None],
    data: Data | SampleIndex | None,
    *,
    ratio: float,
    strategy: str,
    scores: ScoreSet | Path | str | None,
    overwrite: bool,
    **options: Any,
) -> Subset:
    """As `prune`, to a file that may be named after the subset; nothing is said of a subset that may not be written."""
    check_ratio(ratio)
    STRATEGIES.check(strategy)
    score_set = scores_of(scores) if scores is not None else None
    subset = choose(data, ratio=ratio, strategy=strategy, scores=score_set, given_scores=scores, **options)
    if out := place(subset):
        write_subset(out, subset, overwrite=overwrite)
    of_scores = score_warnings(score_set) if score_set and "metric" in subset.options else []
    for warning in (*of_scores, *subset_warnings(subset)):
        warnings.warn(warning, DecisionWarning, stacklevel=3)
    return subset


def choose(
    data: Data | SampleIndex | None = None,
    *,
    ratio: float,
    strategy: str = "ranked",
    scores: ScoreSet | None = None,
    metric: str | None = None,
    keep: Literal["hard", "easy"] | None = None,
    within: Literal["set", "class"] | None = None,
    seed: int = 0,
    allow_empty_class: bool = False,
    reading: Reading | None = None,
    match: str = "ids",
    given_scores: object = None,
) -> Subset:
    """As `prune`, without a word on what was chosen: for a step that chooses many subsets and says what it has to itself.
    `given_scores` is what the scores were given as, for messages."""
    check_ratio(ratio)
    chosen = STRATEGIES.load(strategy)
    expect_whole("seed", seed)
    index = _index(data, scores, reading)
    if scores is not None:
        scores = joined_scores(scores, index, named(given_scores, "the score file"), match)
    n_remove = round(ratio * index.n_samples)
    if n_remove == index.n_samples:
        raise ArgumentError(f"ratio {ratio} would remove all {index.n_samples:,} samples: ask for a smaller ratio")
    request = Request(
        ids=index.ids,
        labels=index.labels,
        n_classes=index.n_classes,
        n_remove=n_remove,
        seed=seed,
        allow_empty_class=allow_empty_class,
    )
    options: dict[str, object] = {"seed": seed, "allow_empty_class": allow_empty_class}
    if chosen.needs_scores:
        if scores is None:
            raise ArgumentError(f"strategy {strategy!r} ranks by scores: give a score file, which `lt-prune score` makes")
        metric, keep, within = metric or "avh", keep or "hard", within or "set"
        difficulty = _difficulty(scores, metric, keep, within, given_scores)
        request = replace(request, difficulty=difficulty, keep=keep, within=within)
        options |= {"metric": metric, "keep": keep, "within": within, "members": len(scores.seeds)}
        options |= {"ensemble": scores.ensemble, "scores": scores.digest}
    elif given := [name for name, value in (("metric", metric), ("keep", keep), ("within", within)) if value]:
        raise ArgumentError(f"strategy {strategy!r} reads no scores and takes no --{given[0]}: leave it out, or use ranked")
    kept = _answer(strategy, chosen, request)
    return Subset(index=index, kept=kept, strategy=strategy, ratio=ratio, options=options)


def _difficulty(scores: ScoreSet, metric: str, keep: str, within: str, given: object) -> Array:
    """float32 (N,): what a strategy ranks by, after a check of what is asked of it; `given` is what was given as scores."""
    expect_one_of("keep", keep, KEEP)
    expect_one_of("within", within, WITHIN)
    if metric not in scores.metrics:
        METRICS.check(metric)
        raise ArgumentError(lacks(scores, metric, given))
    return scores.metric(metric).difficulty


def _answer(name: str, strategy: Strategy, request: Request) -> Array:
    """The mask (N,) of a strategy that keeps its promise."""
    n, what = len(request.labels), f"strategy {name!r}"
    try:
        kept = strategy(request)
    except (LtPruneError, MemoryError):
        raise
    except Exception as error:
        raise MemberError(f"{what} fails: {described(error)}", name) from error
    if not isinstance(kept, np.ndarray) or kept.dtype != bool or kept.shape != (n,):
        found = f"{kept.dtype} {kept.shape}" if isinstance(kept, np.ndarray) else type(kept).__name__
        raise MemberError(f"{what} must answer with a mask, bool ({n},), True for what to keep, and gave {found}", name)
    if (removed := n - int(kept.sum())) != request.n_remove:
        raise MemberError(f"{what} must remove exactly {request.n_remove:,} of {n:,} samples, and removed {removed:,}", name)
    counts, left = (np.bincount(labels, minlength=request.n_classes) for labels in (request.labels, request.labels[kept]))
    if (emptied := np.flatnonzero((counts > 0) & (left == 0))).size and not request.allow_empty_class:
        raise MemberError(f"{what} must empty no class, and emptied {', '.join(map(str, emptied))}", name)
    return kept


def check_ratio(ratio: float) -> None:
    """Refuse a ratio that is not a fraction to remove.

    Raises:
        ArgumentError: it is not in [0, 1).
    """
    given: object = ratio
    if not isinstance(given, Real) or not 0 <= ratio < 1:
        percent = isinstance(given, Real) and 1 < ratio < 100
        meant = f": did you mean {ratio / 100:g}, which removes {ratio:g} %?" if percent else ""
        raise ArgumentError(f"ratio is the fraction to remove and must be in [0, 1), not {ratio}{meant}")


def _index(data: Data | SampleIndex | None, scores: ScoreSet | None, reading: Reading | None) -> SampleIndex:
    """What is to be pruned: the data's samples, by default those of the scores."""
    if isinstance(data, SampleIndex):
        return data
    if scores is None:
        return open_index("digits" if data is None else data, reading=reading)
    return scores.index if data is None else index_like(data, reading, scores.index.source, scores.index.reading)
