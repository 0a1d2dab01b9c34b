"""Long-tailed set, whole or pruned -> trained run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.data.survey import check_test
from lt_prune.engine import Outcome, Run, check_executor, run_all
from lt_prune.engine.beginning import check_begin
from lt_prune.engine.fitting import Fitting
from lt_prune.engine.testing import Testing
from lt_prune.errors import ArgumentError, FileError, LtPruneError, MismatchError
from lt_prune.given import expect_path, expect_whole, keywords_of, known_kinds
from lt_prune.identity import differences
from lt_prune.methods import head_of, promised_loss
from lt_prune.methods.promised import promised_parts
from lt_prune.models import find_model
from lt_prune.planning.joining import check_match, joined_subset
from lt_prune.planning.places import data_file, place_of, root_of
from lt_prune.planning.plan import Asked, Job, plan
from lt_prune.planning.recipes import check_names, weights_of
from lt_prune.predictors import PREDICTORS
from lt_prune.predictors.promised import try_out
from lt_prune.progress import Progress, no_progress, tell
from lt_prune.randomness import derive_seed
from lt_prune.reports.overall import Overall
from lt_prune.runs import FailedRun, PlannedRun, TrainResult, TrainSpec
from lt_prune.steps.build import Data
from lt_prune.steps.opening import open_with_subset
from lt_prune.store.folders import clear, locked, take_back
from lt_prune.store.leftovers import scratch_folder
from lt_prune.store.results import FAILURE, RESULT, STAGE_ONE, WEIGHTS, files_of_run, read_result, was_ours, write_result
from lt_prune.types import Subset, digest_of
from lt_prune.versions import versions


@known_kinds
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
    match: str = "ids",
    compute: Compute | None = None,
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
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
        from_run: folder of a finished run of one stage on the same samples, which the second stage starts from; by
            default the method's first stage is trained, in the folder stage1 of `out`.
        prediction: a predictor, such as "linear", "angular" or "logit-adjusted"; by default the method's own.
        recipe: whose epochs and weight decay are the defaults: "paper" or "released" (the first author's code); by default
            the paper's, or that of `from_run`.
        equal: on a subset, "steps" scales the epochs, and what else of the schedule is counted in epochs, so that each stage
            has as nearly as possible as many optimizer steps as on the whole set.
        seed: names initial weights, order, augmentation and mixup.
        match: as for `prune`, of subset and data.
        compute: device, precision, compilation and threads, by default as `lt_prune.Compute()` says.
        reading: as for `build`; what it leaves at its default is as it was for the subset.
        out: folder of the run; it will hold model.pt and result.json.
        overwrite: start again where `out` holds a run.
        progress: called as progress(what, epochs done, epochs in all) of each stage, and where there are two to train, as
            progress("all runs", done, total) in images trained on.
        **settings: fields of `Recipe` to override, such as epochs=100, mixup=1.0, model="resnet20"; for the second stage as
            stage2_epochs=5; and settings of the method and its prediction, such as tau=0.5 (`lt-prune methods NAME` lists
            them). `weights` names the file that the backbone starts from.

    Raises:
        UnknownNameError: no such method or predictor.
        ArgumentError: no such setting, or a value that it cannot have, or one that method and prediction both have; or equal
            steps without a subset.
        MismatchError: the subset or `from_run` is of other data, or `out` holds another run, or one computed otherwise.
        DataError: the set has no test images.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", method="atl", epochs=2, model="resnet8", stage2_epochs=1)
        >>> len(result.loss), result.n_train, result.spec.prediction
        (1, 503, 'angular')
    """
    compute = compute or Compute()
    check_executor(compute)
    expect_whole("seed", seed)
    check_names([method], prediction, settings, besides=keywords_of(train))
    lt_set, subset_file, chosen = open_with_subset(data, reading, subset)
    check_match(match)
    if not chosen and match != "ids":
        raise ArgumentError("match joins a subset and the data, and there is no subset: name one, or leave out --match")
    if chosen:
        chosen = joined_subset(chosen, lt_set.index, str(subset_file or "the subset"), match)
    if equal == "steps" and not chosen:
        raise ArgumentError("equal steps are for training on a subset, as they are those of the whole set: name a subset")
    for name, path in (("from_run", from_run), ("out", out)):
        if path is not None:
            expect_path(name, path)
    asked = Asked(
        arithmetic=compute.arithmetic,
        method=method,
        settings=settings,
        prediction=prediction,
        recipe=recipe,
        equal=equal,
        seed=seed,
        stages=stages,
        from_run=Path(from_run) if from_run else None,
        subset_file=subset_file,
        overwrite=overwrite,
    )
    with scratch_folder() as scratch:
        job = plan(lt_set, chosen, asked, out=Path(out) if out else None, first_out=Path(out or scratch) / STAGE_ONE)
        (result,) = train_everything([job], compute, progress=progress)
    return result


def train_all(
    jobs: Sequence[Job], compute: Compute, *, isolate: bool = False, progress: Progress = no_progress
) -> Iterator[tuple[Job, TrainResult | LtPruneError]]:
    """Train every job, several at once, and yield each with its result, or with why there is none, as it ends.

    Arguments are those of `lt_prune.engine.run_all`. A finished job is not trained again. Where several stages or runs are
    to be trained, progress is also told of all together, as "all runs".

    Raises:
        LtPruneError: another process is at work in a job's folder.
        MismatchError: a job's folder holds another run, or one that was computed otherwise.
    """
    firsts, seconds = stages_of(jobs)
    overall = Overall.of(progress, work_of(jobs))
    for job in jobs:
        tell(overall, job.title, PlannedRun(spec=job.spec))
    with ExitStack() as locks:
        for job in (*seconds, *firsts):
            locks.enter_context(locked(job.out))
        _make_way(jobs, compute)
        done = {job: answer for job in (*firsts, *seconds) if (answer := _answer(job))}
        for job, answer in done.items():
            _ended(overall, job, answer)
            if job in jobs:
                yield job, answer
        left = [job for job in (*firsts, *seconds) if job not in done]
        for job, result in _train(left, compute, isolate, overall):
            _ended(overall, job, result)
            if job in jobs:
                yield job, result


def check_jobs(jobs: Sequence[Job], compute: Compute) -> None:
    """Refuse what is known, before anything is trained, to keep jobs from it.

    Raises:
        ArgumentError: one reads what would make way for it.
        FileError: a file of another program would.
        LtPruneError: one cannot be trained.
    """
    every = [job for stage in stages_of(jobs) for job in stage]
    for job in every:
        _check_place(job)
    _check_tested(every)
    check_begin(_runs_of(every), compute)


def _check_place(job: Job) -> None:
    going = files_of_run(job.out) if job.out and job.asked.overwrite else []
    begun_by = [weights_of(job.asked.settings), *([] if job.before or not job.start else files_of_run(job.start))]
    for file in going:
        if any(each and each.resolve() == file.resolve() for each in begun_by):
            raise ArgumentError(f"{file} is what the run starts from, and --overwrite would remove it: give another --out")
        if file.name in (RESULT, FAILURE) and not was_ours(file):
            raise FileError(f"{file} exists and is of no run of ours: give another --out, or remove it")


def _make_way(jobs: Sequence[Job], compute: Compute) -> None:
    """Remove the runs that others are to be trained in place of, once nothing that can be known now keeps these from it."""
    places = [job.out for stage in stages_of(jobs) for job in stage if job.out and job.asked.overwrite]
    going = [file for folder in places for file in files_of_run(folder)]
    if going:
        check_jobs(jobs, compute)
    clear(going)
    for folder in places:
        if folder / STAGE_ONE not in places:
            take_back([folder / STAGE_ONE])


def _ended(overall: Overall, job: Job, ended: TrainResult | LtPruneError) -> None:
    overall.end(job.title)
    tell(overall, job.title, FailedRun(spec=job.spec, reason=str(ended)) if isinstance(ended, LtPruneError) else ended)


def _answer(job: Job) -> TrainResult | None:
    """The result in the job's folder, if it is also tested as the job is."""
    done = finished(job)
    return done if done and (done.spec.prediction, done.spec.settings) == (job.spec.prediction, job.spec.settings) else None


def stages_of(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """All that must be trained for these jobs: what is of one stage, each folder once, and the second stages."""
    firsts = [job for job in jobs if not job.spec.first]
    seconds = [job for job in jobs if job.spec.first]
    folders = {job.out for job in firsts}
    for job in seconds:
        if job.before and job.start not in folders:
            firsts.append(job.before)
            folders.add(job.start)
    return firsts, seconds


def work_of(jobs: Sequence[Job]) -> dict[str, tuple[int, int]]:
    """Epochs, and images an epoch, of all that must be trained for these jobs, by title."""
    return {job.title: job.work for stage in stages_of(jobs) for job in stage}


def _train(
    jobs: Sequence[Job], compute: Compute, isolate: bool, progress: Progress
) -> Iterator[tuple[Job, TrainResult | LtPruneError]]:
    """Train what is missing, a second stage once its first is done; that of a first stage that fails, fails with it."""
    _check_tested(jobs)
    for index, outcome in run_all(_runs_of(jobs), compute, isolate=isolate, progress=progress):
        job = jobs[index]
        if outcome.failure:
            yield job, outcome.failure
            continue
        result = _result(job, outcome)
        if job.out:  # before the outcome of another is asked for, as a second stage is begun then
            write_result(job.out / RESULT, result)
            (job.out / FAILURE).unlink(missing_ok=True)
        yield job, result


def _check_tested(jobs: Sequence[Job]) -> None:
    for data in {id(job.data): job.data for job in jobs}.values():
        check_test(data)


def _runs_of(jobs: Sequence[Job]) -> list[Run]:
    here = {job.out: job for job in jobs if job.out}
    return [run_of(job, here.get(job.start) if job.start else None) for job in jobs]


def train_everything(jobs: Sequence[Job], compute: Compute, *, progress: Progress = no_progress) -> tuple[TrainResult, ...]:
    """The results of all jobs, in their order; arguments are those of `train_all`.

    Raises:
        LtPruneError: a job failed; the others have ended by then.
    """
    found = dict(train_all(jobs, compute, progress=progress))
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
    was, asked = (
        job.trained_on(spec) | job.identity(spec, first_arithmetic=not job.asked.mix_compute)
        for spec in (done.spec, job.spec)
    )
    if differing := differences(was, asked, job.defaults):
        raise MismatchError(f"{job.out} holds a finished run with {differing}: {job.asked.remedy}")
    job.asked.require_alike(done.spec.arithmetic, f"{job.out} was trained")
    return done


def _as_started(job: Job, first: Job | None = None) -> TrainSpec:
    """The spec with the first stage as it was trained, which may be otherwise than it was planned where that is mixed; where
    that is still to be done, `first` does it."""
    if not job.start:
        return job.spec
    return replace(job.spec, first=first.spec if first else read_result(job.start / RESULT).spec)


def run_of(job: Job, first: Job | None = None) -> Run:
    """What the engine is given; `first` trains what it starts from, where that is not there yet."""
    index, spec = job.data.index, _as_started(job, first)
    head = head_of(spec)
    settings = {name: spec.settings[name] for name in job.stage.settings}
    predictor = PREDICTORS.load(spec.prediction)
    predicting = {name: spec.settings[name] for name in predictor.settings}
    try_out(spec.prediction, predictor, job.counts.tolist(), predicting)
    fitting = Fitting.of(job.data, spec.prediction, job.counts, job.rows)
    return Run(
        title=job.title,
        pixels=job.data.pixels,
        labels=index.labels,
        rows=job.rows,
        n_classes=index.n_classes,
        model=find_model(spec.recipe.model),
        recipe=spec.recipe,
        loss=partial(promised_loss, spec.method, job.stage.loss, job.main_counts.tolist(), settings, head),
        parts=promised_parts(spec.method, job.stage),
        head=head,
        seed=derive_seed(spec.seed, "second stage") if spec.first else spec.seed,
        identity={"samples": digest_of(index.ids[job.rows]), **job.method_of(spec)},
        defaults=job.defaults,
        mix_compute=bool(job.asked.mix_compute),
        start=job.start / WEIGHTS if job.start else None,
        weights=None if spec.first else weights_of(job.asked.settings),
        checkpoint=job.out / WEIGHTS if job.out else None,
        on_trained=Testing.of(job.data, fitting, predicting),
    )


def _result(job: Job, outcome: Outcome) -> TrainResult:
    subset, counts = job.subset, job.counts
    return TrainResult(
        spec=replace(_as_started(job), arithmetic=outcome.arithmetic),
        data=job.data.origin,
        subset=f"{subset.label} {subset.ratio:g}" if subset else None,
        n_train=int(counts.sum()),
        class_counts=tuple(counts.tolist()),
        evaluation=outcome.value,
        loss=outcome.loss,
        seconds=outcome.seconds + (read_result(job.start / RESULT).seconds if job.start else 0),
        versions=versions(),
        data_place=place_of(data_file(job.data.origin) if job.data.origin else None, job.out),
        subset_place=place_of(job.asked.subset_file, job.out),
        reading=job.data.index.reading,
        root_place=place_of(root_of(job.data.index.reading), job.out),
    )
