"""What is asked of a training, checked and resolved before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.data.order import epoch_length
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.identity import FIRST, Named
from lt_prune.methods import METHODS, Method, Stage, head_of, predicting, require_head
from lt_prune.methods.second import NOTHING
from lt_prune.models import find_model, require_split
from lt_prune.planning.equal import check_equal, steps_an_epoch, with_equal_steps
from lt_prune.planning.parts import check_parts, main_labels
from lt_prune.planning.paths import run_path, subset_path
from lt_prune.planning.recipes import SECOND, first_recipe, resolve_settings, second_recipe, setting_names
from lt_prune.runs import TrainSpec
from lt_prune.store.results import RESULT, STAGE_ONE, read_result
from lt_prune.types import LongTailedSet, Subset

OVERWRITE = "give another --out, or start again with --overwrite"
"""What to do where a folder holds something else."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How to train, on whatever data; the fields are arguments of `lt_prune.train`."""

    arithmetic: Arithmetic
    method: str = "ce"
    label: str = ""
    """What a run is called, in its title and in the name of its folder; by default the method."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those that the method does not know are passed over."""
    prediction: str | None = None
    recipe: str | None = None
    equal: str = "epochs"
    seed: int = 0
    stages: int | None = None
    from_run: Path | None = None
    subset_file: Path | None = None
    """Where the subset that is trained on lies, if anywhere."""
    mix_compute: bool | None = None
    """Whether what is there may have been computed otherwise; None where that cannot be asked for."""
    overwrite: bool = False
    remedy: str = OVERWRITE
    """What to do where a folder holds another run."""

    def require_alike(self, was: Arithmetic, what: str) -> None:
        """Refuse what was computed otherwise, unless that is to be mixed.

        Raises:
            MismatchError: it was; `what` says what that is, and what was done with it.
        """
        if not self.mix_compute:
            mix = "" if self.mix_compute is None else "mix the two by --mix-compute, or "
            self.arithmetic.require(was, what, mix + self.remedy)


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """One training of one stage, planned and checked."""

    spec: TrainSpec
    data: LongTailedSet
    subset: Subset | None
    stage: Stage
    asked: Asked
    before: Job | None = None
    """What must be trained first, where a second stage does not start from a run that is there."""
    start: Path | None = None
    """Folder of the first stage."""
    out: Path | None = None

    def identity(self, spec: TrainSpec, first_arithmetic: bool = True) -> dict[str, object]:
        """What makes two trainings on the same samples the same, by the names that `train` takes; `spec` is this job's, or
        that of a run which may be its."""
        recipe = dict(vars(spec.recipe))
        if spec.first:  # of the preset, a second stage has that of its first
            recipe = {SECOND + name: value for name, value in recipe.items() if name != "preset"}
        return self.method_of(spec, first_arithmetic) | recipe | {"seed": spec.seed}

    def method_of(self, spec: TrainSpec, first_arithmetic: bool = True) -> dict[str, object]:
        """The same without recipe and seed: method, settings that training depends on, and first stage."""
        settings = {name: spec.settings[name] for name in self.stage.every_setting if name in spec.settings}
        first: dict[str, object] | None = None
        if spec.first:
            first = {"method": spec.first.method} | dict(spec.first.settings) | vars(spec.first.recipe)
            first |= {"seed": spec.first.seed} | (vars(spec.first.arithmetic) if first_arithmetic else {})
        return {"method": spec.method} | settings | {FIRST: first}

    @staticmethod
    def trained_on(spec: TrainSpec) -> dict[str, object]:
        """What is the same of trainings on the same samples."""
        subset = " ".join(str(part) for part in (spec.strategy, spec.metric, f"{spec.ratio:g}") if part)
        return {
            "data": Named(spec.name, spec.data_digest),
            "subset": Named(subset, spec.subset_digest) if spec.subset_digest else None,
            "equal": spec.equal,
        }

    @property
    def defaults(self) -> dict[str, object]:
        """What a field of the identity counts as that an older file lacks."""
        methods = [
            METHODS.load(name) for name in (self.spec.first.method if self.spec.first else None, self.spec.method) if name
        ]
        settings = {name: setting.default for method in methods for name, setting in method.settings.items()}
        recipe = vars(Recipe())
        return recipe | {SECOND + name: recipe[name] for name in recipe} | vars(Arithmetic()) | settings

    @property
    def rows(self) -> Any:
        """int64 (N,): rows in the set of the samples to train on."""
        return np.flatnonzero(self.subset.kept) if self.subset else np.arange(self.data.index.n_samples)

    @property
    def counts(self) -> Any:
        """int64 (M,): training samples of each class."""
        return self.subset.kept_counts if self.subset else self.data.index.counts

    @property
    def main_counts(self) -> Any:
        """int64 (M,): those that the main stream trains on, which other streams hold none of."""
        labels = main_labels(self.stage, self.data.index.labels[self.rows])
        return np.bincount(labels, minlength=self.data.index.n_classes)

    @property
    def work(self) -> tuple[int, int]:
        """Epochs, and images an epoch, those of further views and streams counted in."""
        recipe, labels = self.spec.recipe, main_labels(self.stage, self.data.index.labels[self.rows])
        n_draws = epoch_length(labels, recipe.sampler, recipe.draws)
        return recipe.epochs, self.stage.samples(n_draws, steps_an_epoch(recipe, labels))

    @property
    def title(self) -> str:
        spec = self.spec
        trained_on = f"{self.subset.label} {spec.ratio:g}" if self.subset else "whole"
        parts = [spec.name, trained_on, self.asked.label or spec.method]
        return ", ".join([*parts, f"seed {spec.seed}"] if spec.seed else parts)


def plan(
    data: LongTailedSet, subset: Subset | None, asked: Asked, *, out: Path | None = None, first_out: Path | None = None
) -> Job:
    """Check what `train` is asked for, before anything is trained; errors are those of `train`.

    Args:
        out: folder of the run.
        first_out: folder of its first stage, where one is to be trained.
    """
    check_equal(asked.equal)
    method = predicting(asked.method, asked.prediction)
    data.require_test()
    if subset:
        data.index.require_same(subset.index, str(asked.subset_file or "the subset"))
    asked = replace(asked, equal=asked.equal if subset else "epochs")
    _check_stages(asked, method)
    described = partial(_spec, data, subset, asked, resolve_settings(data, method, asked.settings), method.prediction)
    if not method.first:
        spec = described(method.stage, first_recipe(data, method, asked.settings, asked.recipe or "paper"))
        _check_head(spec, data)
        return Job(spec=spec, data=data, subset=subset, stage=method.stage, asked=asked, out=out)
    before, start = None, first_out
    if asked.from_run:
        first, start = _first_of(asked.from_run, data, subset, asked.equal)
        _check_first(start, first, method.first, asked)
    else:
        asked_first = replace(asked, method=method.first, label="", prediction=None, stages=None)
        before = plan(data, subset, asked_first, out=first_out)
        first = before.spec
    if asked.stages == 1:
        method = replace(method, stage=NOTHING)
    spec = described(method.stage, second_recipe(data, method, first.recipe, asked.settings), first)
    require_head(spec, spec.prediction)
    return Job(spec=spec, data=data, subset=subset, stage=method.stage, asked=asked, before=before, start=start, out=out)


def plan_below(root: Path, data: LongTailedSet, subset: Subset | None, asked: Asked) -> Job:
    """`plan`, with the usual folders below `root`; an unpruned run has the same one at equal epochs and at equal steps."""
    trained_on = subset_path(subset).stem if subset else data.index.name
    folder = partial(run_path, trained_on, seed=asked.seed, equal=asked.equal if subset else "epochs")
    first = METHODS.load(asked.method).first
    out, first_out = root / folder(asked.label or asked.method), root / folder(first) if first else None
    asked = replace(asked, subset_file=root / subset_path(subset) if subset else None)
    return plan(data, subset, asked, out=out, first_out=first_out)


def _spec(
    data: LongTailedSet,
    subset: Subset | None,
    asked: Asked,
    settings: dict[str, Any],
    prediction: str,
    stage: Stage,
    recipe: Recipe,
    first: TrainSpec | None = None,
) -> TrainSpec:
    """What is asked for on these data, with what was resolved of it; `recipe` is that of the unpruned run."""
    options = subset.options if subset else {}
    labels = data.index.labels
    check_parts(asked.method, stage, recipe, data, labels[subset.kept] if subset else labels)
    fitted, unscaled = _fitted(recipe, stage, data, subset, asked.equal)
    if first:
        unscaled = {**first.unscaled, **{SECOND + name: value for name, value in unscaled.items()}}
    return TrainSpec(
        name=data.index.name,
        data_digest=data.index.digest,
        strategy=subset.strategy if subset else None,
        metric=options.get("metric"),
        keep=options.get("keep"),
        within=options.get("within"),
        ratio=subset.ratio if subset else 0.0,
        ensemble=options.get("ensemble"),
        subset_digest=subset.digest if subset else None,
        method=asked.method,
        settings=settings,
        prediction=prediction,
        recipe=fitted,
        seed=asked.seed,
        equal=asked.equal,
        unscaled=unscaled,
        first=first,
        arithmetic=asked.arithmetic,
    )


def _fitted(
    recipe: Recipe, stage: Stage, data: LongTailedSet, subset: Subset | None, equal: str
) -> tuple[Recipe, dict[str, Any]]:
    """The recipe for the subset, and its fields that were scaled, as they were."""
    if subset is None or equal == "epochs":
        return recipe, {}
    labels = data.index.labels
    fitted = with_equal_steps(recipe, main_labels(stage, labels), main_labels(stage, labels[subset.kept]))
    return fitted, {name: value for name, value in vars(recipe).items() if getattr(fitted, name) != value}


def _check_stages(asked: Asked, method: Method) -> None:
    if not method.first and (asked.stages not in (None, 1) or asked.from_run):
        raise ArgumentError(f"method {asked.method!r} has one stage: leave out --stages and --from-run")
    if asked.stages not in (None, 1, 2):
        raise ArgumentError(f"stages must be 1 or 2, not {asked.stages}")


def _check_head(spec: TrainSpec, data: LongTailedSet) -> None:
    """Refuse what networks with the method's head cannot be."""
    require_head(spec, spec.prediction)
    head = head_of(spec)
    if head.given:
        _try_head(spec.method, tuple(head.given.items()), spec.recipe.model, data.pixels.shape[1:], data.index.n_classes)
    if head.branches > 1:
        require_split(spec.recipe.model, f"method {spec.method!r}", data.kind)
        if spec.recipe.freeze:
            raise ArgumentError(
                f"freeze trains a classifier alone, and method {spec.method!r} trains branches of the backbone: leave it out"
            )


@cache
def _try_head(method: str, given: tuple[tuple[str, Any], ...], model: str, shape: tuple[int, ...], n_classes: int) -> None:
    """Build a network, as what a head can be depends on the number of features, which only a built backbone tells."""
    from lt_prune.models.network import build_network  # which loads torch

    head = METHODS.load(method).stage.head.with_settings(dict(given))
    build_network(find_model(model), shape, n_classes=n_classes, seed=0, head=head)


def _check_first(folder: Path, first: TrainSpec, method: str, asked: Asked) -> None:
    """Refuse what is asked of a first stage that is there already."""
    if given := [name for name in setting_names(method) if asked.settings.get(name) is not None]:
        raise ArgumentError(f"the first stage is that of {folder}: leave out {', '.join(given)}")
    if asked.recipe not in (None, first.recipe.preset):
        raise ArgumentError(f"the first stage, {folder}, has the recipe {first.recipe.preset}: leave out {asked.recipe}")


def _first_of(folder: Path, data: LongTailedSet, subset: Subset | None, equal: str) -> tuple[TrainSpec, Path]:
    """The run of one stage in `folder`, and where it is: there, or in its own first stage.

    Raises:
        MismatchError: it was trained on other samples, or at other than `equal`.
        ArgumentError: it is itself of two stages.
    """
    spec = read_result(folder / RESULT).spec
    if spec.first:
        folder = folder / STAGE_ONE
        if not (folder / RESULT).exists():
            raise ArgumentError(f"{folder.parent} is a second stage: name the run that it started from")
        spec = read_result(folder / RESULT).spec
    if spec.data_digest != data.index.digest or spec.subset_digest != (subset.digest if subset else None):
        raise MismatchError(
            f"{folder} was trained on other samples than {data.index.name}{' pruned so' if subset else ''}: name a run on "
            f"the same"
        )
    if spec.equal != equal:
        raise MismatchError(
            f"{folder} was trained at equal {spec.equal}, not {equal}: name another run, or give --equal {spec.equal}"
        )
    return spec, folder
