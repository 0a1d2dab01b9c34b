"""The whole flow: build, score, prune by the paper's four strategies, train on all of it, compare."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.engine import check_executor
from lt_prune.errors import DecisionWarning
from lt_prune.figures.comparison import comparison_figure
from lt_prune.given import known_keywords
from lt_prune.planning import paths
from lt_prune.planning.plan import Asked, plan_below
from lt_prune.progress import Progress, announce, no_progress
from lt_prune.report.overall import Overall
from lt_prune.report.warnings import comparison_warnings, subset_warnings
from lt_prune.runs import TrainResult
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.prune import check_ratio, choose
from lt_prune.steps.score import score
from lt_prune.steps.train import train_everything, work_of
from lt_prune.steps.workload import stand_in, work_of_members, workload
from lt_prune.store.atomic import write_bytes
from lt_prune.store.files import set_stands, subset_stands, write_set, write_subset
from lt_prune.store.results import write_json
from lt_prune.types import LongTailedSet, Subset

RANDOM = ("random", "class-random")
RANKED_BY = ("el2n", "avh")
"""Strategies and metrics of the four prunings of Wang & Yan, Figure 6."""


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


@known_keywords
def run(
    data: Data = "digits",
    *,
    ratio: float = 0.45,
    method: str = "ce",
    equal: str = "epochs",
    epochs: int = 60,
    members: int = 10,
    score_epochs: int = 10,
    model: str | None = None,
    weights: Path | str | None = None,
    freeze: bool = False,
    seed: int = 0,
    compute: Compute | None = None,
    reading: Reading | None = None,
    out: Path | str = ".",
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Comparison:
    """Do the main job: what does pruning cost head, middle and tail?

    Each part is written as it ends, so the same call after an interruption goes on where it was.

    Args:
        data: a set, a set file, or a source name.
        ratio: the fraction to REMOVE, in [0, 1).
        method: training method of the compared runs.
        equal: what the pruned runs have as many of as the unpruned one: "epochs", or "steps" of the optimizer.
        epochs: epochs of the unpruned run (the paper's 300 take longer and reach more).
        members, score_epochs: size of the scoring ensemble.
        model: network that scores and is compared; by default "resnet32", or "linear" on embeddings.
        weights: file that its backbone starts from.
        freeze: keep the backbone as that file has it, and train the classifier alone.
        seed: random seed of every step.
        compute: device, precision, compilation and networks trained at once, by default as `lt_prune.Compute()` says.
        reading: as for `build`.
        out: folder that sets/, scores/, subsets/ and runs/ are written below.
        overwrite: start again where files are there.
        progress: called as progress(what, epochs done, epochs in all) of each network, and as progress("all runs", done,
            total) in images trained on.

    Raises:
        LtPruneError: as the steps do.

    Warns:
        DecisionWarning: as the steps do; runs are too short to be compared, or random pruning is better than a ranking.

    Example:
        >>> import lt_prune as lp
        >>> comparison = lp.run("digits", epochs=1, members=1, score_epochs=1, model="resnet8", out="first")
        >>> [result.subset for result in comparison.results]
        [None, 'random 0.45', 'class-random 0.45', 'el2n 0.45', 'avh 0.45']
    """
    check_ratio(ratio)
    compute = replace(compute or Compute(), n_threads=1)  # so that no run depends on how many are trained at once
    check_executor(compute)
    root, lt_set = Path(out), open_set(data, reading=reading)
    network: dict[str, Any] = {"model": model, "weights": weights, "freeze": freeze}
    asked = Asked(
        arithmetic=compute.arithmetic,
        method=method,
        settings={"epochs": epochs, **network},
        equal=equal,
        seed=seed,
        overwrite=overwrite,
    )
    # What cannot end well is refused now, not after the scoring.
    take = partial(choose, lt_set, ratio=ratio, seed=seed)
    subsets = [take(strategy=strategy) for strategy in RANDOM]
    stand_ins = [stand_in(lt_set, strategy="ranked", ratio=ratio, metric=metric, seed=seed) for metric in RANKED_BY]
    planned = [plan_below(root, lt_set, subset, asked) for subset in (None, *subsets, *stand_ins)]
    scores_file = root / paths.scores_path(lt_set.index, seed)
    if not overwrite:
        _check_what_is_there(root, lt_set, subsets)
    to_score = work_of_members(scores_file, lt_set, members=members, epochs=score_epochs, seed=seed, overwrite=overwrite)
    announce(progress, f"run on {lt_set.index.name}: {workload(to_score, planned, [scores_file], compute, measure=False)}")
    overall = Overall(progress, {**to_score, **work_of(planned)})
    scores = score(
        lt_set,
        members=members,
        seed=seed,
        compute=compute,
        out=scores_file,
        overwrite=overwrite,
        progress=overall,
        epochs=score_epochs,
        **network,
    )
    subsets += [take(scores=scores, metric=metric) for metric in RANKED_BY]
    for subset in subsets:
        _warn(f"{subset.label} {ratio:g}: {warning}" for warning in subset_warnings(subset))
    files = [*_write_set(root, lt_set, overwrite), scores_file, *_write_subsets(root, subsets, overwrite)]
    jobs = [plan_below(root, lt_set, subset, asked) for subset in (None, *subsets)]
    results = train_everything(jobs, compute, progress=overall)
    _warn(comparison_warnings(results))
    files += [job.out for job in jobs if job.out]
    return _write_comparison(root / paths.comparison_path(lt_set.index, ratio, method, seed, equal), results, ratio, files)


def _write_set(root: Path, data: LongTailedSet, overwrite: bool) -> list[Path]:
    """The set's file; a streamed set has none."""
    if data.streamed:
        return []
    file = root / paths.set_path(data.index)
    write_set(file, data, overwrite=overwrite)
    return [file]


def _write_subsets(root: Path, subsets: Sequence[Subset], overwrite: bool) -> list[Path]:
    files = [root / paths.subset_path(subset) for subset in subsets]
    for file, subset in zip(files, subsets):
        write_subset(file, subset, overwrite=overwrite)
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
        warnings.warn(sentence, DecisionWarning, stacklevel=3)


def _check_what_is_there(root: Path, lt_set: LongTailedSet, subsets: Sequence[Subset]) -> None:
    """Refuse other files than ours in the places of what needs no scores.

    Raises:
        MismatchError: there is one.
    """
    if not lt_set.streamed:
        set_stands(root / paths.set_path(lt_set.index), lt_set)
    for subset in subsets:
        subset_stands(root / paths.subset_path(subset), subset)
