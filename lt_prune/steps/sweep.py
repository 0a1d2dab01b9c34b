"""The whole grid of strategies, metrics, ratios, methods and seeds on one set."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.engine import check_executor
from lt_prune.errors import ArgumentError, DecisionWarning, MismatchError
from lt_prune.faces import Shown
from lt_prune.given import keywords_of, known_kinds
from lt_prune.identity import differences
from lt_prune.planning import paths
from lt_prune.planning.grid import Grid, Pruning
from lt_prune.planning.plan import Asked, Job, plan_below
from lt_prune.planning.recipes import check_names
from lt_prune.progress import Progress, announce, no_progress
from lt_prune.reports.aggregate import aggregate
from lt_prune.reports.overall import Overall
from lt_prune.reports.warnings import results_warnings
from lt_prune.reports.words import control_of, pruned_by
from lt_prune.reports.workload import Workload
from lt_prune.runs import FailedRun, PlannedRun, TrainResult, TrainSpec
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.each import train_each
from lt_prune.steps.ensembles import Ensembles
from lt_prune.steps.prune import choose
from lt_prune.steps.results import state_of
from lt_prune.steps.train import check_jobs, finished, work_of
from lt_prune.steps.workload import Work, stand_in, workload
from lt_prune.store.files import subset_stands, write_subset
from lt_prune.store.hdf5 import refuse_foreign
from lt_prune.store.results import RESULT, read_grid, read_result, write_grid
from lt_prune.types import CONTROL, LongTailedSet, ScoreSet, Subset


@dataclass(frozen=True, kw_only=True)
class Sweep(Shown):
    """How every run of a grid ended."""

    name: str
    """Name of the set."""
    runs: tuple[PlannedRun, ...]
    """Seed by seed, method by method, the unpruned run first: results and failures; of a dry run also what is planned."""
    file: str
    """The record of the grid."""
    figure: str
    """Where its figure belongs, without ending: beside the record; `lt_prune.plot_results` draws it."""
    work: Workload = field(compare=False)
    """What there was to train when it was called."""

    def __repr__(self) -> str:
        done = sum(isinstance(run, TrainResult) for run in self.runs)
        return f"<Sweep {self.name}: {done} of {len(self.runs)} runs done, {len(self.failures)} failed>"

    @property
    def failures(self) -> tuple[FailedRun, ...]:
        """The runs without a result."""
        return tuple(run for run in self.runs if isinstance(run, FailedRun))


@known_kinds
def sweep(
    data: Data = "digits",
    grid: Grid | None = None,
    *,
    scores: ScoreSet | Path | str | None = None,
    prediction: str | None = None,
    recipe: str | None = None,
    equal: str = "epochs",
    compute: Compute | None = None,
    reading: Reading | None = None,
    mix_compute: bool = False,
    out: Path | str = ".",
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress = no_progress,
    **settings: Any,
) -> Sweep:
    """Train on every pruning of a grid: strategy x metric (of those that rank) x ratio x method x seed.

    An unpruned run of each seed and method is always among them, and methods with the same first stage share it. Each
    result is written as its run ends, and a run that fails becomes a `FailedRun` while the others go on. The same call
    again does what is missing, and tries failures again.

    Args:
        data: a set, a set file, or a source name.
        grid: strategies, metrics, ratios, methods, seeds and scoring, by default as `lt_prune.Grid()` says.
        scores: what ranks, or its file: an ensemble of another network, scores made elsewhere, or "published" for those that
            come with lt-prune. By default an ensemble of the runs' own network is trained where scores are missing.
        prediction: a predictor, such as "linear" or "angular"; by default each method's own.
        recipe: whose epochs and weight decay are the defaults: "paper" (by default) or "released" (its author's code).
        equal: what a pruned run has as many of as the unpruned one of its method: "epochs", or "steps" of the optimizer;
            then its epochs, and what else of the schedule is counted in epochs, are scaled in both stages.
        compute: device, precision, compilation and networks trained at once, by default as `lt_prune.Compute()` says.
        reading: as for `build`.
        mix_compute: add runs and members even where those there were computed otherwise; each says how it was.
        out: folder that scores/, subsets/ and runs/ are written below.
        overwrite: start again with the runs, subsets and ensembles of this grid that are there.
        dry_run: check everything, and say what there is to train and how long it takes; nothing is written, and where no
            such network was trained earlier, one is trained for three seconds.
        progress: called as progress(what, epochs done, epochs in all) of a run, and as progress("all runs", done, total)
            in images trained on; progress(what, 0, 0) says that a run failed.
        **settings: as for `train`, such as epochs=100, stage2_epochs=5 or tau=0.5, for every method that knows them; the
            model, its weights and freeze are also those of the ensemble.

    Raises:
        ArgumentError: a value is out of range, a class would be emptied, a metric is not among the scores, or scores are
            given and nothing ranks, or the grid says how they should be made; nothing has been trained by then.
        MismatchError: the scores are of other data, or `out` holds a sweep of other data, or with other settings, or
            computed otherwise.

    Warns:
        DecisionWarning: members have learned nothing, or runs are too short to be compared.

    Example:
        >>> import lt_prune as lp
        >>> grid = lp.Grid(strategies=["random"], ratios=[0.5], seeds=[0, 1])
        >>> done = lp.sweep("digits", grid, epochs=1, model="resnet8")
        >>> [(run.seed, run.ratio, run.n_train) for run in done.runs]
        [(0, 0.0, 503), (0, 0.5, 251), (1, 0.0, 503), (1, 0.5, 251)]
    """
    compute = replace(compute or Compute(), n_threads=1)  # so that no run depends on how many are trained at once
    check_executor(compute)
    grid = Grid() if grid is None else grid
    check_names(grid.methods, prediction, settings, besides=keywords_of(sweep))
    asked = Asked(
        arithmetic=compute.arithmetic,
        settings=settings,
        prediction=prediction,
        recipe=recipe,
        equal=equal,
        mix_compute=mix_compute,
        overwrite=overwrite,
    )
    _check_given(scores, grid)
    opened = open_set(data, reading=reading)
    given = paths.scores_given(scores, opened.index)
    return _sweep(_Gridded(opened, Path(out), grid, asked, given, scores), compute, progress, dry_run)


def _check_given(scores: ScoreSet | Path | str | None, grid: Grid) -> None:
    """Refuse scores that a grid has no use for.

    Raises:
        ArgumentError: nothing ranks by them, or the grid says how others should be made.
    """
    if scores is None:
        return
    if not grid.ranked_by:
        raise ArgumentError("scores are for strategies that rank by them: leave them out, or add ranked")
    for name in ("ensembles", "members", "score_epochs"):
        if getattr(grid, name) != getattr(Grid, name):
            raise ArgumentError(
                f"{name} is for ensembles that the sweep trains, and scores are given: leave out one of the two"
            )


def _sweep(planned: _Gridded, compute: Compute, progress: Progress, dry_run: bool) -> Sweep:
    """Check what can be checked before anything is trained, say what there is to do, then score, prune and train."""
    grid, index = planned.grid, planned.data.index
    for ratio in grid.ratios:
        choose(planned.data, ratio=ratio, strategy="random")  # refuses what would empty a class, whatever the strategy
    planned.check(planned.jobs([pruning for pruning in grid.prunings if not pruning.metric], {}))
    figure = planned.root / paths.curves_path(index, planned.asked.equal, grid.own_ensembles)
    jobs, to_score = planned.jobs(grid.prunings, planned.known), planned.work_of_members()
    if planned.asked.overwrite:
        for subset in _subsets(jobs):
            refuse_foreign(planned.root / paths.subset_path(subset), "subset")
    if dry_run or planned.asked.overwrite:
        check_jobs(jobs, compute)
    work = workload(to_score, jobs, list(planned.score_files.values()), compute, measure=dry_run)
    ended = partial(Sweep, name=index.name, file=str(planned.file), figure=str(figure), work=work)
    if dry_run:
        return ended(runs=tuple(state_of(job.out, PlannedRun(spec=job.spec)) for job in jobs if job.out))
    announce(progress, f"sweep of {index.name}: {work}")
    overall = Overall(progress, {**to_score, **work_of(jobs)})
    jobs = planned.jobs(grid.prunings, planned.scores(compute, overall))
    planned.record(jobs)
    outcomes = train_each(jobs, compute, overall)
    runs = tuple(outcomes[job] for job in jobs)
    for warning in results_warnings(aggregate(runs)):
        warnings.warn(warning, DecisionWarning, stacklevel=4)
    return ended(runs=runs)


@dataclass(frozen=True, eq=False)
class _Gridded:
    """The runs of a grid on one set, and where they are kept."""

    data: LongTailedSet
    root: Path
    grid: Grid
    asked: Asked
    given: ScoreSet | None
    """Scores that rank in place of ensembles of the grid's own."""
    given_as: object
    """Those or their file, for messages."""

    @property
    def known(self) -> dict[int, ScoreSet]:
        """Scores that there are before any is trained, as they are given, by the seed that ranks."""
        return {self.grid.ensemble(0): self.given} if self.given else {}

    @property
    def score_files(self) -> dict[int, Path]:
        """Where scores are, or will be, by the seed of their ensemble; none where nothing ranks, or they are given."""
        seeds = map(self.grid.ensemble, self.grid.seeds) if self.grid.ranked_by and not self.given else ()
        return {seed: self.ensembles.file(seed) for seed in seeds}

    @property
    def ensembles(self) -> Ensembles:
        how = {"members": self.grid.members, "epochs": self.grid.score_epochs}
        return Ensembles(data=self.data, root=self.root, asked=self.asked, **how)

    def work_of_members(self) -> Work:
        """What is left to train of the ensembles."""
        work: Work = {}
        for seed in self.score_files:
            work |= self.ensembles.work(seed)
        return work

    def scores(self, compute: Compute, progress: Progress) -> dict[int, ScoreSet]:
        """Scores by the seed of their ensemble, with every metric that ranks."""
        ranked_by = self.grid.ranked_by
        trained = {seed: self.ensembles.scores(seed, ranked_by, compute, progress) for seed in self.score_files}
        return self.known | trained

    def jobs(self, prunings: Sequence[Pruning], scores: Mapping[int, ScoreSet]) -> list[Job]:
        """A job for each seed, method and pruning, the unpruned one first; `scores` by the seed of their ensemble."""
        subsets: dict[tuple[Pruning, int], Subset] = {}
        drawn: dict[int, list[Subset]] = {}
        jobs = []
        for seed, method in self.grid.runs:
            jobs.append(self._job(None, method, seed))
            for pruning in prunings:
                key = pruning, self._drawn_by(pruning, seed)
                if key not in subsets:
                    subsets[key] = self._subset(*key, scores)
                jobs.append(self._job(subsets[key], method, seed))
            if self.grid.controls and seed not in drawn:
                chosen = {pruning: subsets[pruning, self._drawn_by(pruning, seed)] for pruning in prunings}
                drawn[seed] = list(self._controls(chosen, seed))
            jobs += [self._job(control, method, seed) for control in drawn.get(seed, ())]
        return jobs

    def _drawn_by(self, pruning: Pruning, seed: int) -> int:
        """The seed that a pruning has of a run's: that of the ensemble which ranks, or of the draw."""
        return self.grid.ensemble(seed) if pruning.metric else seed

    def _controls(self, chosen: Mapping[Pruning, Subset], seed: int) -> Iterator[Subset]:
        """The matched controls of prunings, but for those that are among them already."""
        fixed = {pruning: tuple(chosen[pruning].kept_counts) for pruning in chosen if pruning.by_class_size}
        there = {counts for pruning, counts in fixed.items() if pruning.selection == "random"}
        for pruning, subset in chosen.items():
            counts = fixed.get(pruning)
            if pruning.selection != "random" and (counts is None or counts not in there):
                there |= {counts} if counts else set()
                control = choose(self.data, ratio=pruning.ratio, budget=subset, select="random", seed=seed)
                how = {name: subset.options.get(name) for name in ("metric", "keep", "within")}
                label = pruned_by({"strategy": subset.strategy, **how})
                yield replace(control, strategy=f"{CONTROL}{control_of(label)}")

    def _subset(self, pruning: Pruning, seed: int, scores: Mapping[int, ScoreSet]) -> Subset:
        chosen = partial(choose, self.data, strategy=pruning.strategy, ratio=pruning.ratio, seed=seed)
        if pruning.metric is None:
            return chosen()
        keep, within = (self.grid.keep, self.grid.within) if pruning.takes_ends else (None, None)
        if seed in scores:
            ranked = {"scores": scores[seed], "given_scores": self.given_as, "metric": pruning.metric}
            return chosen(**ranked, keep=keep, within=within)
        named: dict[str, Any] = {"metric": pruning.metric}
        named |= {"keep": keep or "hard", "within": within or "set"} if pruning.takes_ends else {}
        return stand_in(self.data, strategy=pruning.strategy, ratio=pruning.ratio, seed=seed, ensemble=seed, **named)

    def _job(self, subset: Subset | None, method: str, seed: int) -> Job:
        return plan_below(self.root, self.data, subset, replace(self.asked, method=method, seed=seed))

    @property
    def file(self) -> Path:
        return self.root / paths.grid_path(self.data.index)

    def check(self, jobs: Sequence[Job]) -> dict[Path, PlannedRun]:
        """The runs that the record lists already, none of which may be another one in the folder of one of these.

        Raises:
            MismatchError: one is, or was computed otherwise, or another subset lies where one of theirs belongs.
        """
        known = read_grid(self.file) if self.file.exists() else {}
        if self.asked.overwrite:
            return known
        for folder in known:
            if (folder / RESULT).exists():
                was = read_result(folder / RESULT).spec.arithmetic
                self.asked.require_alike(was, f"{self.file} lists {folder}, which was trained")
        for job in jobs:
            before = known.get(job.out or Path())
            if before and (differing := _differences(before.spec, job)):
                raise MismatchError(f"{self.file} lists {job.out} with {differing}: {self.asked.remedy}")
            finished(job)
        for subset in _subsets(jobs):
            subset_stands(self.root / paths.subset_path(subset), subset)
        return known

    def record(self, jobs: Sequence[Job]) -> None:
        """Write the subsets, and what runs there are, to those of earlier sweeps."""
        known = self.check(jobs)
        for subset in _subsets(jobs):
            write_subset(self.root / paths.subset_path(subset), subset, overwrite=self.asked.overwrite)
        write_grid(self.file, known | {job.out: PlannedRun(spec=job.spec) for job in jobs if job.out})


def _subsets(jobs: Sequence[Job]) -> list[Subset]:
    return list(dict.fromkeys(job.subset for job in jobs if job.subset))


def _differences(planned: TrainSpec, job: Job) -> str:
    """In what a planned run is not that of a job. Records of the first versions name neither subset nor ensemble, and only
    the folder of a run, which is checked for itself, says how it was computed."""
    placed = ["strategy", "metric", "keep", "within", "ratio"]
    placed += ["ensemble"] if planned.ensemble is not None else []
    unknown = {"subset"} if planned.subset_digest is None else set()
    was, asked = (
        {name: value for name, value in job.trained_on(spec).items() if name not in unknown}
        | {name: getattr(spec, name) for name in placed}
        | job.identity(spec, first_arithmetic=False)
        for spec in (planned, job.spec)
    )
    return differences(was, asked, job.defaults)
