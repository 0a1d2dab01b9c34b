"""Long-tailed set -> ensemble -> scores."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lt_prune.choices import AUTO, MOST_MEMBERS
from lt_prune.config.compute import Arithmetic, Compute
from lt_prune.config.reading import Reading
from lt_prune.config.recipe import Recipe
from lt_prune.engine import Run, check_executor
from lt_prune.engine.beginning import check_begin
from lt_prune.errors import ArgumentError, DecisionWarning, MismatchError
from lt_prune.given import expect_whole, keywords_of, known_kinds
from lt_prune.identity import differences
from lt_prune.metrics import HELD_OUT, METRICS, OF_TEST, asked_for
from lt_prune.planning.recipes import MEMBER, check_fields, resolve_recipe, weights_of
from lt_prune.progress import Progress, no_progress
from lt_prune.randomness import derive_seed
from lt_prune.reports.warnings import score_warnings
from lt_prune.steps.build import Data
from lt_prune.steps.enough import Enough, most_members
from lt_prune.steps.ensemble import Ensemble, n_rows
from lt_prune.steps.gathering import Gathering
from lt_prune.steps.kept import require_records
from lt_prune.steps.opening import opened_once
from lt_prune.store.files import read_scores, write_scores
from lt_prune.store.folders import clear, locked
from lt_prune.store.hdf5 import refuse_foreign
from lt_prune.types import LongTailedSet, ScoreSet
from lt_prune.versions import versions

_REMEDY = "give another --out, or start again with --overwrite"
_TRAIN_AGAIN = "give another --out, or train the members again, for all metrics, with --overwrite"


@known_kinds
def score(
    data: Data = "digits",
    *,
    metric: str | Sequence[str] = "avh",
    members: int | Literal["auto"] = 10,
    ratio: float | None = None,
    stable: float | None = None,
    folds: int | None = None,
    seed: int = 0,
    compute: Compute | None = None,
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
    mix_compute: bool = False,
    progress: Progress = no_progress,
    **settings: Any,
) -> ScoreSet:
    """Score every training sample with an ensemble of short runs (Wang & Yan, section 3.4).

    Every registered metric that costs little comes from the same ensemble, and others where they are named. With `out`, what
    that file holds, and the weights kept beside it in a folder ending in .members, is not computed again: more members add
    only those, another metric trains none. Only a metric that needs a record of the training cannot be added to members that
    were trained without one; `overwrite` trains them again, for all metrics.

    Args:
        data: a set, a set file, or a source name.
        metric: one or several that must be among the results; in a new file those that cost little are, too.
        members: K, how many networks the ensemble has at least; "auto" adds two by two until two halves of them agree on
            what to keep, or there are ten.
        ratio: of "auto", the fraction to remove at which they must agree, by the first metric; 0.45 by default.
        stable: of "auto", what both halves keep as a share of what either keeps (Jaccard), 0.95 by default.
        folds: train so many networks besides, each on all parts of the samples but one, for `label-noise` (confident
            learning; Northcutt et al. 2021). Parts are dealt out by (seed, content), class by class, exact copies together;
            the only picture of a class is in every training, and there is no doubt of its label.
        seed: names the ensemble; each member's own seed is derived from it.
        compute: device, precision, compilation and members trained at once, by default as `lt_prune.Compute()` says.
        reading: as for `build`.
        out: score file to write, or to add to.
        overwrite: start again where `out` exists.
        mix_compute: add members to `out` even where those there were computed otherwise; the file says how each was.
        progress: called as progress(what, epochs done, epochs in all) of a run, and as progress("all runs", done, total) in
            images trained on.
        **settings: fields of `Recipe` to override, such as epochs=10, schedule="constant", model="resnet20"; `weights` names
            the file that the backbone starts from.

    Raises:
        UnknownNameError: no such metric.
        ArgumentError: no such field of `Recipe`, or a value that it cannot have; or a metric needs folds.
        MemberError: the metric does not give one finite number a sample; another one that does not is left out.
        MismatchError: `out` holds scores of other data, or made with another recipe or seed, or computed otherwise; or its
            members lack the record of the training that the metric needs.
        FileError: `out` is damaged.

    Warns:
        UserWarning: a metric is left out.
        DecisionWarning: members have learned nothing, or ten of them do not agree as they were asked to.

    Example:
        >>> import lt_prune as lp
        >>> scores = lp.score("digits", members=2, epochs=1, model="resnet8")
        >>> scores.metric("avh").per_member.shape
        (2, 503)
    """
    required = _required(metric)
    check_fields(settings, besides=keywords_of(score))
    _check_numbers(seed, folds)
    auto = _auto(members, required[0], ratio, stable)
    compute = replace(compute or Compute(), n_threads=1)  # so that no score depends on how many are trained at once
    check_executor(compute)
    file, folder = _places(out)
    asked = _Asked(required, most_members(members), folds, auto, file, overwrite)
    with ExitStack() as stack:
        lt_set = stack.enter_context(opened_once(data, reading, compute, asked.n_members + (folds or 0)))
        made: dict[str, Any] = {"recipe": resolve_recipe(lt_set, MEMBER, settings), "weights": weights_of(settings)}
        stack.enter_context(locked(folder))
        ensemble = Ensemble(data=lt_set, seed=seed, folder=folder, mix_compute=mix_compute, **made)
        gathering = asked.gathering(ensemble, compute)
        scores, refused = gathering.trained(compute, progress)
        for reason in refused:
            warnings.warn(f"{reason}; this metric is left out", stacklevel=3)
        if file and gathering.outcomes:
            write_scores(file, scores, overwrite=True)  # what was there is among them
    for warning in (*score_warnings(scores), *(auto.warnings(scores) if auto else ())):
        warnings.warn(warning, DecisionWarning, stacklevel=3)
    return scores


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is scored by, and where that is kept."""

    metrics: Sequence[str]
    n_members: int
    """How many there may come to be."""
    folds: int | None
    auto: Enough | None
    file: Path | None
    overwrite: bool

    def gathering(self, ensemble: Ensemble, compute: Compute) -> Gathering:
        """The networks that the file lacks. What there is to refuse is refused before anything is removed.

        Raises:
            LtPruneError: as `score` does.
        """
        known = known_scores(
            None if self.overwrite else self.file, ensemble.data, ensemble.recipe, ensemble.seed, self.folds
        )
        _check_arithmetic(compute, () if ensemble.mix_compute else known.arithmetic, self.file)
        _check_needed(self.metrics, ensemble.data, known, self.folds)
        left_out = ensemble.folds(self.folds) if self.folds and not known.held_out else []
        n_members = max(self.n_members, len(known.seeds))
        if self.overwrite and self.file:
            lacking = [*left_out, *ensemble.members(known, self.metrics, n_members)]
            _make_way(self.file, ensemble, lacking, compute)
        return Gathering(known, left_out, _members(ensemble, known, self.metrics, n_members), self.auto)


def _make_way(file: Path, ensemble: Ensemble, runs: Sequence[Run], compute: Compute) -> None:
    """Remove scores and kept networks, once nothing that can be known now keeps others from being trained.

    Raises:
        FileError: the file is of another program, or of another kind.
        LtPruneError: a network cannot be trained.
    """
    refuse_foreign(file, "scores")
    was_there = [each for each in (file, *ensemble.kept) if each.exists()]
    if was_there:
        check_begin(runs, compute)
    clear(was_there)


def _required(metric: str | Sequence[str]) -> Sequence[str]:
    """The metrics by name, all of which there are."""
    names = asked_for(metric)
    for name in names:
        METRICS.check(name)
    return names


def _check_numbers(seed: int, folds: int | None) -> None:
    expect_whole("seed", seed, low=-(1 << 63), high=(1 << 63) - 1)  # as score files keep it
    if folds is not None:
        expect_whole("folds", folds, low=2, high=MOST_MEMBERS)


def _places(out: Path | str | None) -> tuple[Path | None, Path | None]:
    """The score file, and the folder beside it that keeps the members' weights.

    Raises:
        ArgumentError: it is no name of a file.
    """
    if not out:
        return None, None
    file = Path(out)
    if file.name in ("", ".."):
        raise ArgumentError(f"out must be the name of a file, not {out}")
    return file, file.with_suffix(".members")


def _auto(members: object, metric: str, ratio: float | None, stable: float | None) -> Enough | None:
    """What decides how many members are enough, where that is asked for.

    Raises:
        ArgumentError: `members` is neither a number nor "auto", or what is for "auto" is given without it.
    """
    if members == AUTO:
        return Enough(metric, 0.45 if ratio is None else ratio, 0.95 if stable is None else stable)
    expect_whole("members", members, low=1, high=MOST_MEMBERS)
    for name, given in (("ratio", ratio), ("stable", stable)):
        if given is not None:
            raise ArgumentError(f"{name} decides how many members are enough: ask for --members auto, or leave it out")
    return None


def _check_arithmetic(compute: Compute, known: Sequence[Arithmetic], file: Path | None) -> None:
    """Refuse to add to members that were computed otherwise.

    Raises:
        MismatchError: some were.
    """
    for was in known:
        compute.arithmetic.require(was, f"members of {file} were trained", f"mix the two by --mix-compute, {_REMEDY}")


def _check_needed(required: Sequence[str], lt_set: LongTailedSet, known: ScoreSet, folds: int | None) -> None:
    """Refuse metrics of what there is not.

    Raises:
        ArgumentError: of networks that each leave out a fold.
        DataError: of test samples.
    """
    for name in required:
        if name in HELD_OUT and not (folds or known.held_out):
            raise ArgumentError(
                f"metric {name!r} needs networks that did not train on the sample: say in how many parts the samples are "
                f"left out, such as --folds 5"
            )
        if name in OF_TEST:
            lt_set.require_test()


def _members(ensemble: Ensemble, known: ScoreSet, required: Sequence[str], n_members: int) -> list[Run]:
    """A run for each member that lacks a score.

    Raises:
        MismatchError: one is kept without the record of its training that a metric needs.
    """
    for name in required:
        require_records(name, _kept_members(known, name, n_members, ensemble), _TRAIN_AGAIN)
    return list(ensemble.members(known, required, n_members))


def _kept_members(scores: ScoreSet, name: str, n_members: int, ensemble: Ensemble) -> list[Path]:
    """Files of those members that lack scores by a metric."""
    lacking = () if name in HELD_OUT else range(n_rows(scores, name), n_members)
    files = [ensemble.file(ensemble.member_seed(k)) for k in lacking]
    return [file for file in files if file and file.exists()]


def known_scores(out: Path | None, lt_set: LongTailedSet, recipe: Recipe, seed: int, folds: int | None = None) -> ScoreSet:
    """What `out` holds, where members of this recipe can be added to it; scores of no member where there is no file.

    Raises:
        MismatchError: it is of other data, or was made otherwise.
    """
    if out is None or not out.exists():
        return ScoreSet(
            index=lt_set.index,
            metrics={},
            seeds=(),
            train_accuracy=np.zeros(0),
            seconds=np.zeros(0),
            recipe=recipe,
            versions=versions(),
            ensemble=seed,
        )
    known = read_scores(out)
    lt_set.index.require_same(known.index, str(out), again=_REMEDY)
    if not known.recipe:
        raise MismatchError(f"{out} holds scores that were {known.origin}, to which no member can be added: {_REMEDY}")
    if known.published:
        raise MismatchError(f"{out} holds scores {known.published}, to which no member can be added: {_REMEDY}")
    was, asked = dict(vars(known.recipe)), dict(vars(recipe))
    if known.seeds != tuple(derive_seed(seed, "member", k) for k in range(len(known.seeds))):
        was, asked = was | {"seed": known.ensemble}, asked | {"seed": seed}
    if known.held_out and folds:
        was, asked = was | {"folds": known.held_out.folds}, asked | {"folds": folds}
    if differing := differences(was, asked):
        raise MismatchError(f"{out} was made with {differing}: {_REMEDY}")
    return replace(known, ensemble=seed)
