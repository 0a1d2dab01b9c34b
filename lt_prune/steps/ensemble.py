"""The networks that score a set: members, which train on all of it, and those that each leave out a fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.recipe import Recipe
from lt_prune.data.folds import folds_of
from lt_prune.engine import Outcome, Run
from lt_prune.engine.holding_out import HoldingOut
from lt_prune.engine.scoring import Scoring
from lt_prune.errors import ArgumentError
from lt_prune.methods import make_loss
from lt_prune.metrics import HELD_OUT, METRICS, OF_TEST
from lt_prune.models import find_model
from lt_prune.randomness import derive_seed
from lt_prune.types import Array, HeldOut, LongTailedSet, MetricScores, ScoreSet, digest_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """The networks of a seed, each a run."""

    data: LongTailedSet
    recipe: Recipe
    seed: int
    folder: Path | None
    """Where their weights are kept."""
    weights: Path | None
    """Of a backbone to start from."""
    mix_compute: bool

    def member_seed(self, k: int) -> int:
        return derive_seed(self.seed, "member", k)

    def file(self, seed: int) -> Path | None:
        """Where the weights of a network are kept."""
        return self.folder / f"{seed}.pt" if self.folder else None

    @property
    def kept(self) -> list[Path]:
        """Files of networks in the folder, whosever; they are called by seeds."""
        return [file for file in self.folder.glob("*.pt") if file.stem.lstrip("-").isdecimal()] if self.folder else []

    def members(self, known: ScoreSet, required: Sequence[str], n_members: int) -> Iterator[Run]:
        """A run for each member that lacks a score; where its weights are kept, they are not trained again."""
        names = list(dict.fromkeys([*known.metrics, *required])) if known.seeds else METRICS.names
        names = [name for name in names if name not in HELD_OUT]
        optional = tuple(name for name in names if name not in required and name not in known.metrics)
        elsewhere = set[str]()
        for k in range(n_members):
            if missing := tuple(name for name in names if n_rows(known, name) <= k):
                scoring = Scoring(
                    pixels=self.data.pixels,
                    labels=self.data.index.labels,
                    metrics=missing,
                    optional=optional,
                    elsewhere=frozenset(elsewhere),
                    registered=dict(METRICS.registered),
                    test_pixels=self.data.test_pixels if {*missing} & {*OF_TEST} - {*optional} else None,
                )
                elsewhere |= {*missing}
                everything = np.arange(self.data.index.n_samples)
                title = member_title(k, n_members, self.seed)
                yield self._run(title, self.member_seed(k), everything, on_trained=scoring, observers=scoring.observers)

    def folds(self, number: int) -> list[Run]:
        """A run for each fold, which trains on the others."""
        folds = self.dealt(number)
        runs = []
        for fold in range(number):
            left_out = np.flatnonzero(folds == fold)
            seed = derive_seed(self.seed, "fold", number, fold)
            holding_out = HoldingOut(self.data.pixels, self.data.index.labels, left_out)
            title = _with_seed(f"fold {fold + 1} of {number}", self.seed)
            runs.append(self._run(title, seed, np.flatnonzero(folds != fold), on_trained=holding_out))
        return runs

    def dealt(self, number: int) -> Array:
        """int64 (N,): the fold of each sample, -1 of those that are in every training.

        Raises:
            ArgumentError: there are fewer samples to deal out than folds.
        """
        index = self.data.index
        folds = folds_of(index.labels, index.ids, min(number, index.n_samples), self.seed)
        if folds.max() + 1 < number:
            raise ArgumentError(f"folds must be at most {folds.max() + 1}, as many as samples can be left out, not {number}")
        return folds

    def _run(self, title: str, seed: int, rows: Array, **made: Any) -> Run:
        index = self.data.index
        counts = np.bincount(index.labels[rows], minlength=index.n_classes)
        return Run(
            title=title,
            pixels=self.data.pixels,
            labels=index.labels,
            rows=rows,
            n_classes=index.n_classes,
            model=self._model,
            recipe=self.recipe,
            weights=self.weights,
            loss=partial(make_loss, "ce", counts.tolist()),
            seed=seed,
            identity={"method": "ce", "samples": digest_of(index.ids[rows])},
            mix_compute=self.mix_compute,
            checkpoint=self.file(seed),
            **made,
        )

    @cached_property
    def _model(self) -> Any:
        return find_model(self.recipe.model)


def member_title(k: int, members: int, seed: int) -> str:
    """What a member is called in progress, k from 0 on."""
    return _with_seed(f"member {k + 1} of {members}", seed)


def _with_seed(title: str, seed: int) -> str:
    return f"{title}, seed {seed}" if seed else title


def n_rows(scores: ScoreSet, name: str) -> int:
    """By how many members there are scores of a metric."""
    return len(scores.metrics[name].per_member) if name in scores.metrics else 0


def with_member(scores: ScoreSet, run: Run, rows: Mapping[str, MetricScores], outcome: Outcome) -> ScoreSet:
    """`scores` with one more row of each metric in `rows`, by the member that the run has trained."""
    metrics = dict(scores.metrics)
    for name, new in rows.items():
        metrics[name] = metrics[name].joined(new) if name in metrics else new
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


def foretold(runs: Sequence[Run], outcomes: Sequence[Outcome], n_samples: int) -> Array:
    """float32 (N, M): probabilities of each sample by the network that did not train on it; not a number where all did."""
    found = np.full((n_samples, runs[0].n_classes), np.nan, dtype=np.float32)
    for run, outcome in zip(runs, outcomes):
        assert isinstance(run.on_trained, HoldingOut)
        found[run.on_trained.rows] = outcome.unwrap().probabilities
    return found


def with_held_out(scores: ScoreSet, probabilities: Array, outcomes: Sequence[Outcome]) -> ScoreSet:
    """`scores` with those of what networks predict that did not train on the samples; they are of all members alike."""
    held_out = HeldOut(
        accuracy=np.array([outcome.value.accuracy for outcome in outcomes]),
        seconds=np.array([outcome.seconds for outcome in outcomes]),
        arithmetic=tuple(outcome.arithmetic for outcome in outcomes),
    )
    found = {}
    for name in HELD_OUT:
        metric = METRICS.load(name)
        row = metric.function(probabilities, scores.index.labels)[None]
        found[name] = MetricScores(per_member=row, higher_is_harder=metric.higher_is_harder, equation=metric.equation)
    return of_all_members(replace(scores, metrics={**scores.metrics, **found}, held_out=held_out))


def of_all_members(scores: ScoreSet) -> ScoreSet:
    """The same, what no member made given to each of them."""
    metrics = dict(scores.metrics)
    for name in {*HELD_OUT} & {*metrics}:
        rows = np.repeat(metrics[name].per_member[:1], len(scores.seeds), axis=0)
        metrics[name] = replace(metrics[name], per_member=rows)
    return replace(scores, metrics=metrics)
