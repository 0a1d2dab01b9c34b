"""How much a step of many trainings has before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lt_prune.config.compute import Compute
from lt_prune.engine import Run
from lt_prune.engine.devices import devices_of, trained_at_once
from lt_prune.engine.speed_apart import speed_of
from lt_prune.planning.deciding import require_features
from lt_prune.planning.plan import Asked, Job
from lt_prune.planning.pruning import without_scores
from lt_prune.planning.recipes import MEMBER, network_of, resolve_recipe
from lt_prune.reports.workload import Workload
from lt_prune.steps.ensemble import member_title
from lt_prune.steps.prune import choose
from lt_prune.steps.score import known_scores
from lt_prune.steps.train import run_of, stages_of, work_of
from lt_prune.store.files import read_scores
from lt_prune.store.results import RESULT, read_result
from lt_prune.strategies.named import find_strategy
from lt_prune.types import LongTailedSet, Pixels, Subset

Work = dict[str, tuple[int, int]]
"""Epochs, and images an epoch, by title."""
LONG = 1_000_000
"""Images trained on from which the few seconds that a measurement takes are worth it: most networks train on some thousand
a second."""


def stand_in(data: LongTailedSet, *, strategy: str, ratio: float, **options: object) -> Subset:
    """A subset of the size and name that one ranked by scores will have, where there are none yet: for planning alone. Of
    each class it has as many, where that needs no scores.

    Raises:
        ArgumentError: the budget cannot be had, or the strategy needs embeddings and there are none.
    """
    if "features" in find_strategy(strategy)[0].needs:
        require_features(strategy, data.index, data.pixels)
    kept = choose(data, strategy=without_scores(strategy, options.get("within")), ratio=ratio).kept
    return Subset(index=data.index, kept=kept, strategy=strategy, ratio=ratio, options=options)


def work_of_members(file: Path, data: LongTailedSet, asked: Asked, *, members: int, epochs: int, seed: int) -> Work:
    """Of the members that a score file lacks.

    Raises:
        MismatchError: none can be added to those that it has, as they are of other data, or were made or computed otherwise.
    """
    recipe = resolve_recipe(data, MEMBER, {"epochs": epochs, **network_of(asked.settings)})
    known = known_scores(None if asked.overwrite else file, data, recipe, seed)
    for was in known.arithmetic:
        asked.require_alike(was, f"members of {file} were trained")
    return {member_title(k, members, seed): (epochs, data.index.n_samples) for k in range(len(known.seeds), members)}


def workload(members: Work, jobs: Sequence[Job], scores: Sequence[Path], compute: Compute, *, measure: bool) -> Workload:
    """What is left to train, and how long that takes at the speed of earlier networks of the kind.

    Args:
        members: of scoring ensembles.
        jobs: planned, some perhaps done.
        scores: files of scores on the same data, which may not exist.
        compute: how it is computed.
        measure: where none was trained earlier, train one for a few seconds; otherwise that is done for `LONG` work alone.
    """
    left = [job for job in jobs if job.asked.overwrite or not _is_done(job)]
    work = {title: each for title, each in work_of(left).items() if title not in _done_stages(left)}
    every = [*members.values(), *work.values()]
    speed = _earlier_speed(jobs, scores) if every else None
    if speed is None and every and (measure or sum(epochs * images for epochs, images in every) >= LONG):
        speed = _measured(run_of(stages_of(jobs)[0][0]), compute)
    return Workload.of(members, work, speed and speed * gain(jobs[0].data.pixels, compute, max(len(members), len(work))))


def gain(pixels: Pixels, compute: Compute, n_runs: int) -> int:
    """How many times the speed of one network so many have together: those on one GPU share its speed."""
    at_once = min(trained_at_once(compute, [pixels]), n_runs)
    return at_once if compute.device == "cpu" else min(at_once, len(devices_of(compute.device)))


def _is_done(job: Job) -> bool:
    return bool(job.out and (job.out / RESULT).exists())


def _done_stages(jobs: Sequence[Job]) -> set[str]:
    """First stages of these that are there already."""
    return {job.before.title for job in jobs if job.before and not job.asked.overwrite and _is_done(job.before)}


def _measured(run: Run, compute: Compute) -> float | None:
    """Images a second of one network."""
    if compute.device == "cpu":
        return speed_of(run, compute)
    from lt_prune.engine.speed import images_per_second

    return images_per_second(run, compute)


def _earlier_speed(jobs: Sequence[Job], scores: Sequence[Path]) -> float | None:
    """Images a second of one network, from members and runs on these data of the same model, frozen or not, computed as
    these will be."""
    spec = jobs[0].spec
    recipe, arithmetic = (spec.first or spec).recipe, spec.arithmetic
    images, seconds = [0.0], [0.0]
    for job in stages_of(jobs)[0]:
        if _is_done(job) and job.out:
            images.append(float(np.prod(job.work)))
            seconds.append(read_result(job.out / RESULT).seconds)
    for known in (read_scores(file) for file in scores if file.exists()):
        if not known.recipe:  # made elsewhere, in a time that nobody knows
            continue
        alike = (known.recipe.model, known.recipe.freeze) == (recipe.model, recipe.freeze)
        if alike and set(known.arithmetic) == {arithmetic}:
            images.append(float(known.recipe.epochs * known.index.n_samples * len(known.seeds)))
            seconds.append(float(known.seconds.sum()))
    return sum(images) / sum(seconds) if sum(seconds) else None
