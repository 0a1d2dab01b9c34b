"""Training on a whole set by several methods, or by one with several settings: first stages are shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lt_prune.config.compute import Compute
from lt_prune.engine import check_executor
from lt_prune.planning.grid import Grid
from lt_prune.planning.plan import Asked, Job, plan_below
from lt_prune.planning.recipes import check_names
from lt_prune.progress import Progress, no_progress
from lt_prune.runs import FailedRun, TrainResult
from lt_prune.steps.each import train_each
from lt_prune.steps.sweep import sweep
from lt_prune.steps.tested import WholeRuns
from lt_prune.types import LongTailedSet


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A method, by settings of its own."""

    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    """What its runs are called, in progress and in the names of their folders; by default the method."""

    @property
    def name(self) -> str:
        return self.label or self.method


def train_methods(
    data: LongTailedSet,
    methods: Sequence[str],
    *,
    seeds: Sequence[int],
    out: Path,
    compute: Compute | None = None,
    **options: Any,
) -> WholeRuns:
    """Train by each method for each seed: the sweep that prunes nothing, whose other arguments and errors these are.

    Returns:
        The runs by method.
    """
    compute = compute or Compute()
    done = sweep(data, Grid(ratios=[0], methods=methods, seeds=seeds), out=out, compute=compute, **options)
    ended = [run for run in done.runs if isinstance(run, (TrainResult, FailedRun))]
    runs = {method: [run for run in ended if run.method == method] for method in methods}
    return WholeRuns(data=data, root=out, compute=compute, runs=runs)


def train_variants(
    data: LongTailedSet,
    variants: Sequence[Variant],
    *,
    seeds: Sequence[int],
    recipe: str | None = None,
    compute: Compute | None = None,
    out: Path,
    progress: Progress = no_progress,
    **settings: Any,
) -> WholeRuns:
    """Train each variant for each seed; those with the same first stage share it, with a sweep below `out`, too.

    A run that fails is a `FailedRun`, and the others go on. The same call again does what is missing, and tries failures
    again.

    Args:
        variants: of distinct names.
        seeds: each names the randomness of training.
        recipe, compute, progress: as for `lt_prune.sweep`.
        out: folder that runs/ is below.
        **settings: as for `lt_prune.train`, for all variants; a variant's own go before them.

    Returns:
        The runs by the name of their variant.

    Raises:
        UnknownNameError: no such method.
        ArgumentError: a setting that no variant knows, or a value that it cannot have; nothing has been trained by then.
        MismatchError: a folder holds another run, or one that was computed otherwise.
    """
    compute = replace(compute or Compute(), n_threads=1)  # so that no run depends on how many are trained at once
    check_executor(compute)
    asked = Asked(arithmetic=compute.arithmetic, recipe=recipe, remedy="give another --out")

    def planned(variant: Variant, seed: int) -> Job:
        own = {**settings, **variant.settings}
        how = replace(asked, method=variant.method, label=variant.label, settings=own, seed=seed)
        return plan_below(out, data, None, how)

    check_names([variant.method for variant in variants], None, settings)
    for variant in variants:
        check_names([variant.method], None, variant.settings)
    jobs = {variant.name: [planned(variant, seed) for seed in seeds] for variant in variants}
    ended = train_each([job for same in jobs.values() for job in same], compute, progress)
    runs = {name: [ended[job] for job in same] for name, same in jobs.items()}
    return WholeRuns(data=data, root=out, compute=compute, runs=runs)
