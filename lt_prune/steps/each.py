"""Trainings of which some may fail while the others go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lt_prune.config.compute import Compute
from lt_prune.errors import LtPruneError
from lt_prune.planning.plan import Job
from lt_prune.progress import Progress
from lt_prune.runs import FailedRun, TrainResult
from lt_prune.steps.train import train_all
from lt_prune.store.results import FAILURE, write_failure


def train_each(jobs: Sequence[Job], compute: Compute, progress: Progress) -> Mapping[Job, TrainResult | FailedRun]:
    """How every job ended; arguments and errors are those of `train_all`."""
    return {
        job: _failed(job, result) if isinstance(result, LtPruneError) else result
        for job, result in train_all(jobs, compute, isolate=True, progress=progress)
    }


def _failed(job: Job, error: LtPruneError) -> FailedRun:
    """A row for a run without a result, kept in its folder until it succeeds."""
    failure = FailedRun(spec=job.spec, reason=str(error))
    if job.out:
        write_failure(job.out / FAILURE, failure)
    return failure
