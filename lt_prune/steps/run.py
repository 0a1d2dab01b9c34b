"""The whole flow: build, score, prune by the paper's four strategies and by default, train on all of it, compare."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lt_prune.choices import MOST_MEMBERS
from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.engine import check_executor
from lt_prune.errors import DecisionWarning
from lt_prune.figures.comparison import comparison_figure
from lt_prune.given import expect_whole, keywords_of, known_kinds
from lt_prune.planning import paths
from lt_prune.planning.plan import Asked, Job, plan_below
from lt_prune.planning.pruning import DEFAULT
from lt_prune.planning.recipes import check_names
from lt_prune.progress import Progress, announce, no_progress
from lt_prune.reports.overall import Overall
from lt_prune.reports.warnings import comparison_warnings, subset_warnings
from lt_prune.runs import TrainResult
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.ensembles import Ensembles
from lt_prune.steps.prune import check_ratio, choose
from lt_prune.steps.train import check_jobs, finished, train_everything, work_of
from lt_prune.steps.workload import stand_in, workload
from lt_prune.store.atomic import write_bytes
from lt_prune.store.files import set_stands, subset_stands, write_set, write_subset
from lt_prune.store.hdf5 import refuse_foreign
from lt_prune.store.results import write_json
from lt_prune.types import LongTailedSet, ScoreSet, Subset

RANDOM = ("random", "class-random", DEFAULT)
RANKED_BY = ("el2n", "avh")
"""Strategies and metrics of the four prunings of Wang & Yan, Figure 6, and the default of `prune`."""
EPOCHS = 60
"""Of the unpruned run, where nothing else is asked for."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One network trained on the whole set and one on each subset of it."""

    name: str
    ratio: float
    equal: str
    """What all runs have as many of: "epochs" or "steps"."""
    results: tuple[TrainResult, ...]
    """The whole set first."""
    files: tuple[str, ...]
    """What was written, in the order of the flow."""


@known_kinds
def run(
    data: Data = "digits",
    *,
    ratio: float = 0.45,
    method: str = "ce",
    equal: str = "epochs",
    members: int = 10,
    score_epochs: int = 10,
    seed: int = 0,
    compute: Compute | None = None,
    reading: Reading | None = None,
    out: Path | str = ".",
    overwrite: bool = False,
    progress: Progress = no_progress,
    **settings: Any,
) -> Comparison:
    """Do the main job: what does pruning cost head, middle and tail?

    Each part is written as it ends, so the same call after an interruption goes on where it was.

    Args:
        data: a set, a set file, or a source name.
        ratio: the fraction to REMOVE, in [0, 1).
        method: training method of the compared runs.
        equal: what the pruned runs have as many of as the unpruned one: "epochs", or "steps" of the optimizer.
        members, score_epochs: size of the scoring ensemble.
        seed: random seed of every step.
        compute: device, precision, compilation and networks trained at once, by default as `lt_prune.Compute()` says.
        reading: as for `build`.
        out: folder that sets/, scores/, subsets/ and runs/ are written below.
        overwrite: start again where files are there.
        progress: called as progress(what, epochs done, epochs in all) of each network, and as progress("all runs", done,
            total) in images trained on.
        **settings: of the compared runs, as for `train`, such as lr=0.05, stage2_epochs=5 or tau=0.5; the model, its weights
            and freeze are also those of the ensemble. By default the unpruned run has 60 epochs (the paper's 300 take longer
            and reach more).

    Raises:
        LtPruneError: as the steps do.

    Warns:
        DecisionWarning: as the steps do; runs are too short to be compared, or random pruning is better than a ranking.

    Example:
        >>> import lt_prune as lp
        >>> comparison = lp.run("digits", epochs=1, members=1, score_epochs=1, model="resnet8", out="first")
        >>> [result.subset for result in comparison.results]
        [None, 'random 0.45', 'class-random 0.45', 'equal+random 0.45', 'el2n 0.45', 'avh 0.45']
    """
    check_ratio(ratio)
    expect_whole("members", members, low=1, high=MOST_MEMBERS)
    check_names([method], None, settings, besides=keywords_of(run))
    compute = replace(compute or Compute(), n_threads=1)  # so that no run depends on how many are trained at once
    check_executor(compute)
    asked = Asked(
        arithmetic=compute.arithmetic,
        method=method,
        settings=settings if settings.get("epochs") is not None else {**settings, "epochs": EPOCHS},
        equal=equal,
        seed=seed,
        overwrite=overwrite,
    )
    lt_set = open_set(data, reading=reading)
    ensembles = Ensembles(data=lt_set, root=Path(out), asked=asked, members=members, epochs=score_epochs)
    compared = _Compared(lt_set, Path(out), ratio, asked, ensembles)
    return _run(compared, compute, progress)


def _run(compared: _Compared, compute: Compute, progress: Progress) -> Comparison:
    """Check what can be checked before anything is trained, say what there is to do, then score, prune and train."""
    drawn = compared.drawn()
    stand_ins = compared.jobs([*drawn, *compared.stand_ins()])
    if compared.asked.overwrite:
        compared.check_what_is_replaced(job.subset for job in stand_ins)
        check_jobs(stand_ins, compute)
    else:
        compared.check_what_is_there(drawn)
    to_score, name = compared.ensembles.work(compared.asked.seed), compared.data.index.name
    work = workload(to_score, stand_ins, [compared.scores_file], compute, measure=False)
    announce(progress, f"run on {name}: {work}")
    overall = Overall(progress, {**to_score, **work_of(stand_ins)})
    subsets = [*drawn, *compared.ranked(compared.ensembles.scores(compared.asked.seed, RANKED_BY, compute, overall))]
    for subset in subsets:
        _warn(f"{subset.label} {compared.ratio:g}: {warning}" for warning in subset_warnings(subset))
    files = compared.write(subsets)
    jobs = compared.jobs(subsets)
    results = train_everything(jobs, compute, progress=overall)
    _warn(comparison_warnings(results))
    files += [job.out for job in jobs if job.out]
    return _write_comparison(compared.comparison_file, results, compared.ratio, files)


@dataclass(frozen=True, eq=False)
class _Compared:
    """What is compared on one set, and where it is kept."""

    data: LongTailedSet
    root: Path
    ratio: float
    asked: Asked
    ensembles: Ensembles

    @property
    def scores_file(self) -> Path:
        return self.ensembles.file(self.asked.seed)

    @property
    def comparison_file(self) -> Path:
        asked = self.asked
        return self.root / paths.comparison_path(self.data.index, self.ratio, asked.method, asked.seed, asked.equal)

    def drawn(self) -> list[Subset]:
        return [choose(self.data, strategy=strategy, ratio=self.ratio, seed=self.asked.seed) for strategy in RANDOM]

    def ranked(self, scores: ScoreSet) -> list[Subset]:
        chosen = partial(choose, self.data, scores=scores, ratio=self.ratio, seed=self.asked.seed)
        return [chosen(metric=metric) for metric in RANKED_BY]

    def stand_ins(self) -> list[Subset]:
        """Of those that are chosen by scores which there are not yet."""
        stands = partial(stand_in, self.data, strategy="ranked", ratio=self.ratio, seed=self.asked.seed)
        return [stands(metric=metric) for metric in RANKED_BY]

    def jobs(self, subsets: Sequence[Subset]) -> list[Job]:
        """The unpruned run, and that on each subset."""
        return [plan_below(self.root, self.data, subset, self.asked) for subset in (None, *subsets)]

    def check_what_is_replaced(self, subsets: Iterable[Subset | None]) -> None:
        """Refuse files of other programs in the places of set and subsets.

        Raises:
            FileError: there is one.
        """
        refuse_foreign(self.root / paths.set_path(self.data.index), "set")
        for subset in subsets:
            if subset:
                refuse_foreign(self.root / paths.subset_path(subset), "subset")

    def check_what_is_there(self, subsets: Sequence[Subset]) -> None:
        """Refuse other files and runs than ours in the places of what needs no scores.

        Raises:
            MismatchError: there is one.
        """
        if not self.data.streamed:
            set_stands(self.root / paths.set_path(self.data.index), self.data)
        for subset in subsets:
            subset_stands(self.root / paths.subset_path(subset), subset)
        for job in self.jobs(subsets):
            finished(job)

    def write(self, subsets: Sequence[Subset]) -> list[Path]:
        """The files of set, scores, which are there, and subsets; a streamed set has none."""
        files, overwrite = [self.scores_file], self.asked.overwrite
        if not self.data.streamed:
            files = [self.root / paths.set_path(self.data.index), *files]
            write_set(files[0], self.data, overwrite=overwrite)
        for subset in subsets:
            files.append(self.root / paths.subset_path(subset))
            write_subset(files[-1], subset, overwrite=overwrite)
        return files


def _write_comparison(table: Path, results: tuple[TrainResult, ...], ratio: float, files: Sequence[Path]) -> Comparison:
    """The comparison of runs, the unpruned one first, and its files: a table of JSON, and its figure beside it."""
    spec, figure = results[-1].spec, table.with_suffix(".png")
    written = tuple(map(str, (*files, table, figure)))
    comparison = Comparison(name=spec.name, ratio=ratio, equal=spec.equal, results=results, files=written)
    write_json(table, "comparison", asdict(comparison))
    write_bytes(figure, comparison_figure(comparison.name, comparison.results, comparison.equal))
    return comparison


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        warnings.warn(sentence, DecisionWarning, stacklevel=5)
