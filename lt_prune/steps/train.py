"""Long-tailed set, whole or pruned -> trained run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lt_prune.engine import Outcome, Run, run_all
from lt_prune.engine.devices import arithmetic
from lt_prune.errors import ArgumentError, LtPruneError, MismatchError
from lt_prune.given import expect_path, expect_whole
from lt_prune.methods import promised_loss
from lt_prune.randomness import derive_seed
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.evaluate import Testing
from lt_prune.steps.paths import chosen_subset
from lt_prune.steps.plan import Job, plan
from lt_prune.steps.recipes import check_names
from lt_prune.store.folders import clear, locked
from lt_prune.store.results import FAILURE, RESULT, STAGE_ONE, WEIGHTS, read_result, write_result
from lt_prune.types import Arithmetic, FirstStage, Progress, Subset, TrainResult, digest_of, no_progress
from lt_prune.versions import versions


def train(
    data: Data = "digits",
    *,
    subset: Subset | Path | str | None = None,
    method: str = "ce",
    stages: int | None = None,
    from_run: Path | str | None = None,
    prediction: str | None = None,
    recipe: str | None = None,
    equal: str = "epochs",
    seed: int = 0,
    device: str = "auto",
    n_threads: int | None = None,
    precision: str = "tf32",
    compiled: bool = False,
    out: Path | str | None = None,
    overwrite: bool = False,
    download: bool = False,
    resize: int | None = None,
    loading: str = "auto",
    progress: Progress = no_progress,
    **settings: Any,
) -> TrainResult:
    """Train a network by a method, in one or two stages, and test it once, after the last epoch.

    With `out`, the state is kept after each epoch, on CUDA every half minute: the same call after an interruption goes on
    from there and, on the CPU, ends at the same numbers bit for bit; after the end it returns the result that is there.

    Args:
        data: a set, a set file, or a source name.
        subset: train on this part of it, or on that of this file; "auto" is the one subset of it in the folder subsets/, or
            the whole set where there is none, and is what the command takes by default; None or "none" is the whole set.
        method: a training method, such as "ce" or "atl".
        stages: 1 leaves out the second stage of a method that has two.
        from_run: folder of a finished run of one stage on the same samples, which the second stage goes out from; by
            default the method's first stage is trained, in the folder stage1 of `out`.
        prediction: "linear", "angular" (argmax of Wang & Yan, Eq. 1) or "abs" (Eq. 7); by default the method's own.
        recipe: whose epochs and weight decay are the defaults: "paper" or "released" (the first author's code); by default
            the paper's, or that of `from_run`.
        equal: on a subset, "steps" scales the epochs, and what else of the schedule is counted in epochs, so that each stage
            has as nearly as possible as many optimizer steps as on the whole set.
        seed: names initial weights, order, augmentation and mixup.
        device: "auto", "cpu" or "cuda".
        n_threads: CPU threads, by default as many as torch takes; the same number repeats a run bit for bit.
        precision: of training on CUDA, "tf32", "fp32" or "bf16"; the CPU computes in float32, and so do all predictions.
        compiled: by torch.compile, which takes half a minute before it gains anything.
        out: folder of the run; it will hold model.pt and result.json.
        overwrite: start anew where `out` holds a run.
        download, resize, loading: as for `build`.
        progress: called as progress(what, done, total).
        **settings: fields of `Recipe` to override, such as epochs=100, mixup=1.0, depth=20; for the second stage as
            stage2_epochs=5; and settings of the method, such as tau=0.5 (`lt-prune methods NAME` lists them).

    Raises:
        UnknownNameError: no such method.
        ArgumentError: no such setting, or a value that it cannot have; or equal steps without a subset.
        MismatchError: the subset or `from_run` is of other data, or `out` holds another run, or one computed otherwise.
        DataError: the set has no test images.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", method="atl", epochs=2, depth=8, stage2_epochs=1)
        >>> len(result.loss), result.n_train, result.prediction
        (1, 503, 'angular')
    """
    how = arithmetic(device, precision, compiled)
    expect_whole(seed=seed)
    check_names([method], prediction, settings)
    lt_set = open_set(data, download=download, resize=resize, loading=loading)
    chosen = chosen_subset(subset, lt_set.roster)
    if equal == "steps" and not chosen:
        raise ArgumentError("equal steps are for training on a subset, as they are those of the whole set: name a subset")
    for name, path in (("from_run", from_run), ("out", out)):
        if path is not None:
            expect_path(name, path)
    with TemporaryDirectory(prefix="lt-prune-") as scratch:
        job = plan(
            lt_set,
            subset=chosen,
            method=method,
            stages=stages,
            from_run=Path(from_run) if from_run else None,
            prediction=prediction,
            recipe=recipe,
            equal=equal,
            seed=seed,
            how=how,
            out=Path(out) if out else None,
            first_out=Path(out or scratch) / STAGE_ONE,
            overwrite=overwrite,
            settings=settings,
        )
        (result,) = train_everything([job], n_threads=n_threads, progress=progress)
    return result


def train_all(
    jobs: Sequence[Job], *, progress: Progress = no_progress, **options: Any
) -> Iterator[tuple[Job, TrainResult | LtPruneError]]:
    """Train every job, several at once, and yield each with its result, or with why there is none, as it ends.

    Options are those of `lt_prune.engine.run_all`. All jobs are computed the same way. A finished job is not trained again.

    Raises:
        LtPruneError: another process is at work in a job's folder.
        MismatchError: a job's folder holds another run, or one that was computed otherwise.
    """
    firsts, seconds = stages_of(jobs)
    failed: dict[Path | None, LtPruneError] = {}
    with ExitStack() as locks:
        for job in (*seconds, *firsts):  # outer folders first, as clearing one takes what is within
            locks.enter_context(locked(job.out))
            if job.out and job.overwrite:
                clear(job.out)
        for job, result in _train_wave(firsts, progress=progress, **options):
            if isinstance(result, LtPruneError):
                failed[job.out] = result
            if job in jobs:
                yield job, result
        for job in seconds:
            if job.start in failed:
                yield job, LtPruneError(f"its first stage failed: {failed[job.start]}")
        ready = [job for job in seconds if job.start not in failed]
        yield from _train_wave(ready, progress=progress, **options)


def stages_of(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """All that must be trained for these jobs: what is of one stage, each folder once, and the second stages."""
    firsts = [job for job in jobs if not job.before]
    seconds = [job for job in jobs if job.before]
    folders = {job.out for job in firsts}
    for job in seconds:
        if isinstance(job.before, Job) and job.start not in folders:
            firsts.append(job.before)
            folders.add(job.start)
    return firsts, seconds


def _train_wave(
    jobs: Sequence[Job], *, progress: Progress, **options: Any
) -> Iterator[tuple[Job, TrainResult | LtPruneError]]:
    """Train jobs of which none waits for another."""
    waiting = []
    for job in jobs:
        done = finished(job)
        if done and done.prediction == job.prediction and done.settings == job.settings:
            yield job, done
        else:
            waiting.append(job)
    how = waiting[0].computed if waiting else {}
    for index, outcome in run_all([_run(job) for job in waiting], progress=progress, **how, **options):
        job = waiting[index]
        if outcome.failure:
            yield job, outcome.failure
            continue
        result = _result(job, outcome)
        if job.out:
            write_result(job.out / RESULT, result)
            (job.out / FAILURE).unlink(missing_ok=True)
        yield job, result


def train_everything(jobs: Sequence[Job], **options: Any) -> tuple[TrainResult, ...]:
    """The results of all jobs, in their order; arguments are those of `train_all`.

    Raises:
        LtPruneError: a job failed; the others have ended by then.
    """
    found = dict(train_all(jobs, **options))
    for result in found.values():
        if isinstance(result, LtPruneError):
            raise result
    return tuple(result for job in jobs if isinstance(result := found[job], TrainResult))


def finished(job: Job) -> TrainResult | None:
    """The result that the job's folder holds.

    Raises:
        MismatchError: it is of another job, or was computed otherwise.
    """
    if job.out is None or not (job.out / RESULT).exists():
        return None
    done = read_result(job.out / RESULT)
    was = {**vars(done), "settings": {name: done.settings.get(name) for name in job.stage.settings}}
    if differing := [name for name, value in job.identity.items() if was[name] != value]:
        words = " and ".join("--equal" if name == "equal" else name.replace("_", " ") for name in differing)
        raise MismatchError(
            f"{job.out} holds a finished run with another {words}: give another --out, or start anew with --overwrite"
        )
    job.require_arithmetic(done, f"{job.out} was trained")
    return done


def _run(job: Job) -> Run:
    roster, identity = job.data.roster, job.identity
    settings = identity["settings"]
    what = [job.method, digest_of(roster.ids[job.positions]), settings, _told(job.first) if job.first else None]
    return Run(
        title=job.title,
        pixels=job.data.pixels,
        labels=roster.labels,
        positions=job.positions,
        n_classes=roster.n_classes,
        recipe=job.recipe,
        loss=partial(promised_loss, job.method, job.stage.loss, job.counts.tolist(), settings),
        seed=derive_seed(job.seed, "second stage") if job.before else job.seed,
        identity=json.dumps(what),
        start=job.start / WEIGHTS if job.start else None,
        checkpoint=job.out / WEIGHTS if job.out else None,
        finish=Testing.of(job.data, job.prediction, job.settings, job.positions),
    )


def _told(first: FirstStage) -> dict[str, Any]:
    """What tells a first stage from another one. The CPU's float32 is left out, as older checkpoints do not say it."""
    unsaid = Arithmetic().computed
    return {name: value for name, value in asdict(first).items() if name not in unsaid or value != unsaid[name]}


def _result(job: Job, outcome: Outcome) -> TrainResult:
    subset, counts = job.subset, job.counts
    return TrainResult(
        **vars(job.planned),
        **job.computed,
        data=job.data.origin,
        subset=f"{subset.label} {subset.ratio:g}" if subset else None,
        subset_digest=subset.digest if subset else None,
        n_train=int(counts.sum()),
        class_counts=tuple(counts.tolist()),
        evaluation=outcome.value,
        loss=outcome.loss,
        seconds=outcome.seconds + (read_result(job.start / RESULT).seconds if job.start else 0),
        versions=versions(),
    )
