"""Long-tailed set -> ensemble -> scores."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.config.recipe import Recipe
from lt_prune.engine import Outcome, Run, check_executor, run_all
from lt_prune.engine.scoring import Scoring
from lt_prune.errors import ArgumentError, DecisionWarning, MismatchError
from lt_prune.given import expect_whole, keywords_of
from lt_prune.identity import differences
from lt_prune.methods import make_loss
from lt_prune.metrics import METRICS
from lt_prune.models import find_model
from lt_prune.planning.recipes import MEMBER, check_fields, resolve_recipe, weights_of
from lt_prune.progress import Progress, no_progress
from lt_prune.randomness import derive_seed
from lt_prune.report.overall import Overall
from lt_prune.report.warnings import score_warnings
from lt_prune.steps.build import Data
from lt_prune.steps.kept import require_records
from lt_prune.steps.opening import opened_once
from lt_prune.store.files import read_scores, write_scores
from lt_prune.store.folders import clear, locked
from lt_prune.types import LongTailedSet, MetricScores, ScoreSet
from lt_prune.versions import versions

_REMEDY = "give another --out, or start again with --overwrite"
_TRAIN_AGAIN = "give another --out, or train the members again, for all metrics, with --overwrite"


def score(
    data: Data = "digits",
    *,
    metric: str | Sequence[str] = "avh",
    members: int = 10,
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
        members: K, how many networks the ensemble has at least.
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
        ArgumentError: no such field of `Recipe`, or a value that it cannot have.
        MemberError: the metric does not give one finite number a sample; another one that does not is left out.
        MismatchError: `out` holds scores of other data, or made with another recipe or seed, or computed otherwise; or its
            members lack the record of the training that the metric needs.
        FileError: `out` is damaged.

    Warns:
        UserWarning: a metric is left out.
        DecisionWarning: members have learned nothing.

    Example:
        >>> import lt_prune as lp
        >>> scores = lp.score("digits", members=2, epochs=1, model="resnet8")
        >>> scores.metric("avh").per_member.shape
        (2, 503)
    """
    required = _required(metric)
    expect_whole("members", members, low=1)
    expect_whole("seed", seed)
    check_fields(settings, besides=keywords_of(score))
    compute = replace(compute or Compute(), n_threads=1)  # so that no score depends on how many are trained at once
    check_executor(compute)
    file = Path(out) if out else None
    folder = file.with_suffix(".members") if file else None
    with ExitStack() as stack:
        lt_set = stack.enter_context(opened_once(data, reading, compute, members))
        recipe = resolve_recipe(lt_set, MEMBER, settings)
        stack.enter_context(locked(folder))
        if overwrite:
            clear(file, folder)
        scores = _known(file, lt_set, recipe, seed)
        for was in () if mix_compute else scores.arithmetic:
            compute.arithmetic.require(was, f"members of {file} were trained", f"mix the two by --mix-compute, {_REMEDY}")
        n_members = max(members, len(scores.seeds))
        for name in required:
            require_records(name, _kept_members(scores, name, n_members, seed, folder), _TRAIN_AGAIN)
        runs = _missing_runs(scores, required, lt_set, recipe, n_members, seed, folder, mix_compute, weights_of(settings))
        overall = Overall.of(progress, {run.title: (run.recipe.epochs, len(run.rows)) for run in runs})
        outcomes = dict(run_all(runs, compute, progress=overall))
        scored = [outcomes[index].unwrap() for index in range(len(runs))]
        refused = {name: reason for each in scored for name, reason in each.refused.items()}
        for reason in refused.values():
            warnings.warn(f"{reason}; this metric is left out", stacklevel=2)
        same: dict[str, MetricScores] = {}
        for index, run in enumerate(runs):
            same |= {name: row for name, row in scored[index].rows.items() if name in scored[index].same}
            rows = {**scored[index].rows, **{name: row for name, row in same.items() if name in scored[index].same}}
            kept = {name: row for name, row in rows.items() if name not in refused}
            scores = _with_member(scores, run, kept, outcomes[index])
        if file and runs:
            write_scores(file, scores, overwrite=True)  # what was there is among them
    for warning in score_warnings(scores):
        warnings.warn(warning, DecisionWarning, stacklevel=2)
    return scores


def _required(metric: str | Sequence[str]) -> Sequence[str]:
    """The metrics by name, all of which there are."""
    names = [metric] if isinstance(metric, str) else list(metric)
    if not names:
        raise ArgumentError("metric is empty: name at least one")
    for name in names:
        METRICS.check(name)
    return names


def member_title(k: int, members: int, seed: int) -> str:
    """What a member is called in progress, k from 0 on."""
    return f"member {k + 1} of {members}" + (f", seed {seed}" if seed else "")


def _rows(scores: ScoreSet, name: str) -> int:
    return len(scores.metrics[name].per_member) if name in scores.metrics else 0


def _kept_members(scores: ScoreSet, name: str, n_members: int, seed: int, folder: Path | None) -> list[Path]:
    """Files of those members that lack scores by a metric."""
    lacking = range(_rows(scores, name), n_members) if folder else ()
    files = [_weights_file(folder, derive_seed(seed, "member", k)) for k in lacking]
    return [file for file in files if file and file.exists()]


def _weights_file(folder: Path | None, member: int) -> Path | None:
    return folder / f"{member}.pt" if folder else None


def _known(out: Path | None, lt_set: LongTailedSet, recipe: Recipe, seed: int) -> ScoreSet:
    """What `out` holds, where that can be added to; otherwise scores of no member."""
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
    was, asked = vars(known.recipe), dict(vars(recipe))
    if known.seeds != tuple(derive_seed(seed, "member", k) for k in range(len(known.seeds))):
        was, asked = was | {"seed": known.ensemble}, asked | {"seed": seed}
    if differing := differences(was, asked):
        raise MismatchError(f"{out} was made with {differing}: {_REMEDY}")
    return replace(known, ensemble=seed)


def _missing_runs(
    known: ScoreSet,
    required: Sequence[str],
    lt_set: LongTailedSet,
    recipe: Recipe,
    n_members: int,
    seed: int,
    folder: Path | None,
    mix_compute: bool,
    weights: Path | None,
) -> list[Run]:
    """A run for each member that lacks a score; where its weights are kept, they are not trained again."""
    names = list(dict.fromkeys([*known.metrics, *required])) if known.seeds else METRICS.names
    optional = tuple(name for name in names if name not in required and name not in known.metrics)
    runs, model, elsewhere = [], find_model(recipe.model), set[str]()
    for k in range(n_members):
        if missing := tuple(name for name in names if _rows(known, name) <= k):
            member = derive_seed(seed, "member", k)
            scoring = Scoring(
                pixels=lt_set.pixels,
                labels=lt_set.index.labels,
                metrics=missing,
                optional=optional,
                elsewhere=frozenset(elsewhere),
                registered=dict(METRICS.registered),
            )
            elsewhere |= {*missing}
            runs.append(
                Run(
                    title=member_title(k, n_members, seed),
                    pixels=lt_set.pixels,
                    labels=lt_set.index.labels,
                    rows=np.arange(lt_set.index.n_samples),
                    n_classes=lt_set.index.n_classes,
                    model=model,
                    recipe=recipe,
                    weights=weights,
                    loss=partial(make_loss, "ce", lt_set.index.counts.tolist()),
                    seed=member,
                    identity={"method": "ce", "samples": lt_set.index.digest},
                    mix_compute=mix_compute,
                    checkpoint=_weights_file(folder, member),
                    observers=scoring.observers,
                    on_trained=scoring,
                )
            )
    return runs


def _with_member(scores: ScoreSet, run: Run, rows: Mapping[str, MetricScores], outcome: Outcome) -> ScoreSet:
    """`scores` with one more row of each metric in `rows`, by the member that the run has trained."""
    metrics = dict(scores.metrics)
    for name, new in rows.items():
        before = metrics[name].per_member if name in metrics else new.per_member[:0]
        metrics[name] = replace(new, per_member=np.vstack([before, new.per_member]))
    if run.seed in scores.seeds:
        return replace(scores, metrics=metrics)
    return replace(
        scores,
        metrics=metrics,
        seeds=(*scores.seeds, run.seed),
        train_accuracy=np.append(scores.train_accuracy, outcome.value.accuracy),
        seconds=np.append(scores.seconds, outcome.seconds),
        arithmetic=(*scores.arithmetic, outcome.arithmetic),
    )
