"""Long-tailed set, whole or pruned -> trained run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.engine import Outcome, Run, run_all
from lt_prune.engine.devices import pick_device
from lt_prune.engine.predict import PREDICTIONS
from lt_prune.errors import ArgumentError, LtPruneError, MismatchError
from lt_prune.methods import METHODS
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.evaluate import Testing, require_test
from lt_prune.steps.recipes import STAGE_ONE, resolve_recipe
from lt_prune.store.files import read_subset
from lt_prune.store.folders import clear, locked
from lt_prune.store.results import FAILURE, RESULT, WEIGHTS, read_result, write_result
from lt_prune.types import (
    LongTailedSet,
    PlannedRun,
    Progress,
    Recipe,
    Subset,
    TrainResult,
    digest_of,
    no_progress,
)
from lt_prune.versions import versions


def train(
    data: Data = "digits",
    *,
    subset: Subset | Path | str | None = None,
    method: str = "ce",
    prediction: str = "linear",
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
    """Train a network, by default with the stage-one recipe of Wang & Yan, and test it once, after the last epoch.

    With `out`, the state is kept after each epoch: the same call after an interruption goes on from the last whole epoch
    and, on the CPU, ends at the same numbers bit for bit; after the end it returns the result that is there.

    Args:
        data: a set, a set file, or a source name.
        subset: train on this part of it; None for all of it.
        method: a training method, such as "ce".
        prediction: "linear" or "angular" (argmax of Wang & Yan, Eq. 1).
        seed: names initial weights, order, augmentation and mixup.
        device: "auto", "cpu" or "cuda".
        n_threads: CPU threads, by default as many as torch takes; the same number repeats a run bit for bit.
        precision: on CUDA, "tf32", "fp32" or "bf16"; the CPU computes in float32.
        compiled: by torch.compile, which takes half a minute before it gains anything.
        out: folder of the run; it will hold model.pt and result.json.
        overwrite: start anew where `out` holds a run.
        download, resize, loading: as for `build`.
        progress: called as progress(what, done, total).
        **settings: fields of `Recipe` to override, such as epochs=100, mixup=1.0, depth=20.

    Raises:
        UnknownNameError: no such method.
        MismatchError: the subset is of other data, or `out` holds another run.
        DataError: the set has no test images.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=2, depth=8)
        >>> len(result.loss), result.n_train
        (2, 503)
    """
    lt_set = open_set(data, download=download, resize=resize, loading=loading)
    chosen = read_subset(Path(subset)) if isinstance(subset, (str, Path)) else subset
    job = plan(
        lt_set,
        subset=chosen,
        method=method,
        prediction=prediction,
        seed=seed,
        out=Path(out) if out else None,
        overwrite=overwrite,
        settings=settings,
    )
    (result,) = train_everything(
        [job], device, n_threads=n_threads, precision=precision, compiled=compiled, progress=progress
    )
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """One training, planned and checked."""

    data: LongTailedSet
    subset: Subset | None
    method: str
    prediction: str
    recipe: Recipe
    seed: int
    out: Path | None = None
    overwrite: bool = False

    @property
    def planned(self) -> PlannedRun:
        options = self.subset.options if self.subset else {}
        return PlannedRun(
            name=self.data.roster.name,
            data_digest=self.data.roster.digest,
            strategy=self.subset.strategy if self.subset else None,
            ratio=self.subset.ratio if self.subset else 0.0,
            method=self.method,
            prediction=self.prediction,
            recipe=self.recipe,
            seed=self.seed,
            **{name: options.get(name) for name in ("metric", "keep", "within")},
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this training from another one, as fields of its result."""
        return {
            "data_digest": self.data.roster.digest,
            "subset_digest": self.subset.digest if self.subset else None,
            "method": self.method,
            "recipe": self.recipe,
            "seed": self.seed,
        }

    @property
    def positions(self) -> Any:
        """int64 (N,): positions in the set of the samples to train on."""
        return np.flatnonzero(self.subset.kept) if self.subset else np.arange(self.data.roster.n_samples)

    @property
    def title(self) -> str:
        planned = self.planned
        trained_on = f"{planned.metric or planned.strategy} {planned.ratio:g}" if self.subset else "whole"
        parts = [planned.name, trained_on, planned.method]
        return ", ".join([*parts, f"seed {self.seed}"] if self.seed else parts)


def plan(
    data: LongTailedSet,
    *,
    subset: Subset | None,
    method: str,
    prediction: str,
    seed: int,
    settings: dict[str, Any],
    out: Path | None = None,
    overwrite: bool = False,
) -> Job:
    """Check what `train` is asked for, before anything is trained; arguments and errors are those of `train`."""
    METHODS.check(method)
    if prediction not in PREDICTIONS:
        raise ArgumentError(f"prediction must be {' or '.join(PREDICTIONS)}, not {prediction!r}")
    require_test(data)
    if subset:
        data.roster.require_same(subset.roster, "the subset")
    return Job(
        data=data,
        subset=subset,
        method=method,
        prediction=prediction,
        recipe=resolve_recipe(data, STAGE_ONE, settings),
        seed=seed,
        out=out,
        overwrite=overwrite,
    )


def train_all(
    jobs: Sequence[Job], device: str = "auto", *, progress: Progress = no_progress, **options: Any
) -> Iterator[tuple[Job, TrainResult | LtPruneError]]:
    """Train every job, several at once, and yield each with its result, or with why there is none, as it ends.

    Arguments are those of `lt_prune.engine.run_all`. A finished job is not trained again.

    Raises:
        LtPruneError: another process is at work in a job's folder.
        MismatchError: a job's folder holds another run.
    """
    torch_device = pick_device(device)
    with ExitStack() as locks:
        waiting = []
        for job in jobs:
            locks.enter_context(locked(job.out))
            if job.out and job.overwrite:
                clear(job.out)
            done = finished(job)
            if done and done.prediction == job.prediction:
                yield job, done
            else:
                waiting.append(job)
        runs = [_run(job) for job in waiting]
        for index, outcome in run_all(runs, device, progress=progress, **options):
            job = waiting[index]
            if outcome.failure:
                yield job, outcome.failure
                continue
            result = _result(job, outcome, str(torch_device))
            if job.out:
                write_result(job.out / RESULT, result)
                (job.out / FAILURE).unlink(missing_ok=True)
            yield job, result


def train_everything(jobs: Sequence[Job], device: str = "auto", **options: Any) -> tuple[TrainResult, ...]:
    """The results of all jobs, in their order; arguments are those of `train_all`.

    Raises:
        LtPruneError: a job failed; the others have ended by then.
    """
    found = dict(train_all(jobs, device, **options))
    for result in found.values():
        if isinstance(result, LtPruneError):
            raise result
    return tuple(result for job in jobs if isinstance(result := found[job], TrainResult))


def finished(job: Job) -> TrainResult | None:
    """The result that the job's folder holds.

    Raises:
        MismatchError: it is of another job.
    """
    if job.out is None or not (job.out / RESULT).exists():
        return None
    done = read_result(job.out / RESULT)
    if differing := [name for name, value in job.identity.items() if getattr(done, name) != value]:
        raise MismatchError(
            f"{job.out} holds a finished run with another {' and '.join(differing).replace('_', ' ')}: give another --out, "
            f"or start anew with --overwrite"
        )
    return done


def _run(job: Job) -> Run:
    roster = job.data.roster
    return Run(
        title=job.title,
        pixels=job.data.pixels,
        labels=roster.labels,
        positions=job.positions,
        n_classes=roster.n_classes,
        recipe=job.recipe,
        method=METHODS.load(job.method),
        seed=job.seed,
        identity=f"{job.method} on {digest_of(roster.ids[job.positions])}",
        checkpoint=job.out / WEIGHTS if job.out else None,
        finish=Testing.of(job.data, job.prediction),
    )


def _result(job: Job, outcome: Outcome, device: str) -> TrainResult:
    roster, subset = job.data.roster, job.subset
    counts = subset.kept_counts if subset else roster.counts
    return TrainResult(
        **vars(job.planned),
        data=job.data.origin,
        subset=f"{subset.label} {subset.ratio:g}" if subset else None,
        subset_digest=subset.digest if subset else None,
        n_train=int(counts.sum()),
        class_counts=tuple(counts.tolist()),
        evaluation=outcome.value,
        loss=outcome.loss,
        seconds=outcome.seconds,
        device=device,
        versions=versions(),
    )
