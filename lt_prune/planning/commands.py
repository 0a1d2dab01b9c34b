"""Commands that messages tell a user to run, with every option that they need."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.reading import as_options
from lt_prune.config.recipe import Recipe
from lt_prune.data.spec import OF_PYTHON
from lt_prune.errors import ArgumentError, LtPruneError
from lt_prune.metrics import HELD_OUT, METRICS
from lt_prune.planning.paths import named, scores_path
from lt_prune.planning.recipes import MEMBER
from lt_prune.runs import TrainResult
from lt_prune.strategies.named import find_strategy
from lt_prune.types import MetricScores, ScoreSet

_OFFERED = ("epochs", "batch_size", "lr", "warmup", "weight_decay", "schedule", "model", "freeze")
"""Fields of a recipe that `lt-prune score` takes, but for flip, which is a switch, and weights, whose file is not kept."""
FOLDS = 5
"""Parts of the samples that are left out in turn, where a message must say how many: as cleanlab's own default."""


def score_command(
    data: str | None,
    reading: Mapping[str, Any],
    *,
    seed: int = 0,
    metric: str | None = None,
    recipe: Recipe | None = None,
    out: Path | None = None,
) -> str:
    """`lt-prune score` for data that are named so and read so; with the options of a recipe where it is to be that one.

    Args:
        seed: of the ensemble.
        metric: what to score by, where that must be said.
        out: the score file, where that is not at its usual place.
    """
    usual = {**vars(Recipe()), **MEMBER}
    told = {name: getattr(recipe, name) for name in _OFFERED if recipe and getattr(recipe, name) != usual[name]}
    parts = ["lt-prune score"]
    parts += [f"--data {shlex.quote(data)}"] if data not in (None, "digits") else []
    parts += [as_options({**reading, **told})] if reading or told else []
    parts += ["--weights FILE"] if recipe and recipe.weights else []
    parts += [f"--seed {seed}"] if seed else []
    parts += [f"--metric {metric}"] if metric else []
    parts += [f"--folds {FOLDS}"] if metric in HELD_OUT else []
    parts += [f"--out {shlex.quote(str(out))}"] if out else []
    return " ".join(parts)


def prune_command(run: TrainResult) -> str | None:
    """`lt-prune prune` for the subset that a run was trained on, below the same folder; None where a result does not tell
    all that decided it, such as lists of samples, or the strategy is another package's that is not here."""
    spec = run.spec
    try:
        strategy, _ = find_strategy(str(spec.strategy))
    except LtPruneError:
        return None
    reads_scores = {"scores", "confidence"} & set(strategy.needs)
    told = {
        "strategy": spec.strategy,
        "metric": spec.metric if reads_scores else None,
        "keep": spec.keep if spec.keep == "easy" else None,
        "within": spec.within if spec.within == "class" else None,
        "ratio": spec.ratio,
        "seed": (spec.seed if spec.ensemble is None else spec.ensemble) or None,
    }
    how = {name: value for name, value in told.items() if value is not None}
    return f"lt-prune prune --data {shlex.quote(run.data or 'FILE')} {as_options({**run.reading, **how})}"


def require_metric(scores: ScoreSet, metric: str, given: object) -> None:
    """Refuse scores that lack a metric; `given` is what a user gave for them, such as their file.

    Raises:
        UnknownNameError: there is no such metric.
        ArgumentError: there is, and it says how to add its scores.
    """
    if metric in scores.metrics:
        return
    what, there = named(given, "the score file"), ", ".join(scores.metrics)
    if scores.origin:
        raise ArgumentError(f"{what} has no {metric!r} scores, only {there}, and was made elsewhere: name one of these")
    METRICS.check(metric)
    command = _adding(scores, metric, given)
    if scores.published:
        raise ArgumentError(f"scores by {metric!r} are not among the published, only {there}: make your own by `{command}`")
    raise ArgumentError(f"{what} has no {metric!r} scores, only {there}: add them by `{command}`")


def finite_scores(scores: ScoreSet, metric: str) -> MetricScores:
    """Scores by a metric that is there. Those of a file are finite; some that were put together in Python may not be.

    Raises:
        ArgumentError: some are not.
    """
    found = scores.metric(metric)
    if bad := int((~np.isfinite(found.per_member)).any(axis=0).sum()):
        raise ArgumentError(
            f"scores by {metric!r} must be finite numbers, and those of {bad:,} of {scores.index.n_samples:,} samples are "
            f"not: score these again"
        )
    return found


def require_metrics(scores: ScoreSet, given: object) -> None:
    """Refuse scores by one metric where several are compared; arguments are those of `require_metric`.

    Raises:
        ArgumentError: there is but one, and it says how to add others.
    """
    if len(scores.metrics) > 1:
        return
    (metric,), what = scores.metrics, named(given, "the score file")
    if scores.origin:
        raise ArgumentError(
            f"{what} has scores by {metric} alone, and was made elsewhere: import a table that has those of others too"
        )
    command = _adding(scores, "el2n" if metric == "avh" else "avh", given)
    raise ArgumentError(f"{what} has scores by {metric} alone: add others by `{command}`")


def _adding(scores: ScoreSet, metric: str, given: object) -> str:
    """The command that adds a metric to scores."""
    index, seed = scores.index, scores.ensemble or 0
    file = Path(given) if isinstance(given, (str, Path)) else None
    out = None if scores.published or file == scores_path(index, seed) else file
    source = "FILE" if index.source.startswith(f"{OF_PYTHON}:") else index.source  # which no command opens
    return score_command(source, index.reading, seed=seed, metric=metric, recipe=scores.recipe, out=out)
