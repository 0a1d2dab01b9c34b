"""What is asked of a training, checked and resolved before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.choices import PREDICTIONS
from lt_prune.data.order import epoch_length
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.methods import METHODS, Method, Stage
from lt_prune.methods.second import NOTHING
from lt_prune.steps.equal import check_equal, with_equal_steps
from lt_prune.steps.evaluate import require_test
from lt_prune.steps.paths import run_path, subset_path
from lt_prune.steps.recipes import SECOND, first_recipe, resolve_settings, second_recipe, setting_names
from lt_prune.store.results import RESULT, STAGE_ONE, read_result
from lt_prune.types import Arithmetic, FirstStage, LongTailedSet, PlannedRun, Recipe, Subset, TrainResult


@dataclass(frozen=True, kw_only=True, eq=False)
class Job(Arithmetic):
    """One training of one stage, planned and checked."""

    data: LongTailedSet
    subset: Subset | None
    method: str
    stage: Stage
    recipe: Recipe
    settings: dict[str, Any]
    prediction: str
    seed: int
    equal: str = "epochs"
    unscaled: dict[str, Any] = field(default_factory=dict)
    before: Job | TrainResult | None = None
    """What a second stage goes out from."""
    start: Path | None = None
    """Folder of that."""
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
            settings=self.settings,
            prediction=self.prediction,
            recipe=self.recipe,
            seed=self.seed,
            first=self.first,
            equal=self.equal,
            unscaled=self.unscaled,
            **{name: options.get(name) for name in ("metric", "keep", "within", "ensemble")},
        )

    @property
    def first(self) -> FirstStage | None:
        """What it goes out from, in a few words."""
        if self.before is None:
            return None
        return FirstStage(**{field.name: getattr(self.before, field.name) for field in fields(FirstStage)})

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this training from another one, as fields of its result."""
        return {
            "data_digest": self.data.roster.digest,
            "subset_digest": self.subset.digest if self.subset else None,
            "method": self.method,
            "settings": {name: self.settings[name] for name in self.stage.settings},
            "recipe": self.recipe,
            "seed": self.seed,
            "equal": self.equal,
            "first": self.first,
        }

    @property
    def positions(self) -> Any:
        """int64 (N,): positions in the set of the samples to train on."""
        return np.flatnonzero(self.subset.kept) if self.subset else np.arange(self.data.roster.n_samples)

    @property
    def counts(self) -> Any:
        """int64 (M,): training samples of each class."""
        return self.subset.kept_counts if self.subset else self.data.roster.counts

    @property
    def work(self) -> tuple[int, int]:
        """Epochs, and images an epoch."""
        return self.recipe.epochs, epoch_length(
            self.data.roster.labels[self.positions], self.recipe.sampler, self.recipe.draws
        )

    @property
    def title(self) -> str:
        planned = self.planned
        trained_on = f"{self.subset.label} {planned.ratio:g}" if self.subset else "whole"
        parts = [planned.name, trained_on, planned.method]
        return ", ".join([*parts, f"seed {self.seed}"] if self.seed else parts)


def plan(
    data: LongTailedSet,
    *,
    subset: Subset | None,
    method: str,
    prediction: str | None,
    seed: int,
    settings: dict[str, Any],
    how: Arithmetic,
    recipe: str | None = None,
    equal: str = "epochs",
    stages: int | None = None,
    from_run: Path | None = None,
    out: Path | None = None,
    first_out: Path | None = None,
    overwrite: bool = False,
) -> Job:
    """Check what `train` is asked for, before anything is trained; arguments and errors are those of `train`.

    Args:
        how: how all stages are computed.
        first_out: folder of the first stage, where one is to be trained.
        settings: those that the method does not know are passed over.
    """
    check_equal(equal)
    found = _with_prediction(METHODS.load(method), prediction)
    require_test(data)
    if subset:
        data.roster.require_same(subset.roster, "the subset")
    equal = equal if subset else "epochs"
    common: dict[str, Any] = {"data": data, "subset": subset, "seed": seed, "equal": equal, "overwrite": overwrite}
    own: dict[str, Any] = {"method": method, "prediction": found.prediction, "out": out}
    own["settings"] = resolve_settings(data, found, settings)
    _check_stages(method, found, stages, from_run)
    if not found.first:
        fitted, unscaled = _fitted(first_recipe(data, found, settings, recipe or "paper"), data, subset, equal)
        return Job(stage=found.stage, recipe=fitted, unscaled=unscaled, **own, **common, **how.computed)
    before: Job | TrainResult
    start = first_out
    if from_run:
        before, start = _first_of(from_run, data, subset, equal)
        if given := [name for name in setting_names(found.first) if settings.get(name) is not None]:
            raise ArgumentError(f"the first stage is that of {start}: leave out {', '.join(given)}")
        if recipe not in (None, before.recipe.preset):
            raise ArgumentError(f"the first stage, {start}, has the recipe {before.recipe.preset}: leave out {recipe}")
    else:
        asked: dict[str, Any] = {"settings": settings, "recipe": recipe, "how": how}
        before = plan(method=found.first, prediction=None, out=first_out, **asked, **common)
    if stages == 1:
        found = replace(found, stage=NOTHING)
    fitted, scaled = _fitted(second_recipe(data, found, before.recipe, settings), data, subset, equal)
    unscaled = {**before.unscaled, **{SECOND + name: value for name, value in scaled.items()}}
    return Job(
        stage=found.stage, recipe=fitted, unscaled=unscaled, before=before, start=start, **own, **common, **how.computed
    )


def plan_below(
    root: Path, data: LongTailedSet, *, subset: Subset | None, method: str, seed: int, equal: str, **options: Any
) -> Job:
    """`plan`, with the usual folders below `root`; an unpruned run has the same one at equal epochs and at equal steps."""
    trained_on = subset_path(subset).stem if subset else data.roster.name
    folder = partial(run_path, trained_on, seed=seed, equal=equal if subset else "epochs")
    first = METHODS.load(method).first
    places: dict[str, Any] = {"out": root / folder(method), "first_out": root / folder(first) if first else None}
    return plan(data, subset=subset, method=method, seed=seed, equal=equal, **places, **options)


def _fitted(recipe: Recipe, data: LongTailedSet, subset: Subset | None, equal: str) -> tuple[Recipe, dict[str, Any]]:
    """The recipe for the subset, and its fields that were scaled, as they were."""
    if subset is None or equal == "epochs":
        return recipe, {}
    labels = data.roster.labels
    fitted = with_equal_steps(recipe, labels, labels[subset.kept])
    return fitted, {name: value for name, value in vars(recipe).items() if getattr(fitted, name) != value}


def _with_prediction(method: Method, prediction: str | None) -> Method:
    """The method as it is asked to predict."""
    if prediction is None:
        return method
    if prediction not in PREDICTIONS:
        raise ArgumentError(f"prediction must be {' or '.join(PREDICTIONS)}, not {prediction!r}")
    settings = METHODS.load("abs").prediction_settings if prediction == "abs" else {}
    return replace(method, prediction=prediction, prediction_settings=settings)


def _check_stages(name: str, method: Method, stages: int | None, from_run: Path | None) -> None:
    if not method.first and (stages not in (None, 1) or from_run):
        raise ArgumentError(f"method {name!r} has one stage: leave out --stages and --from-run")
    if stages not in (None, 1, 2):
        raise ArgumentError(f"stages must be 1 or 2, not {stages}")


def _first_of(folder: Path, data: LongTailedSet, subset: Subset | None, equal: str) -> tuple[TrainResult, Path]:
    """The run of one stage in `folder`, and where it is: there, or in its own first stage.

    Raises:
        MismatchError: it was trained on other samples, or at other than `equal`.
        ArgumentError: it is itself of two stages.
    """
    result = read_result(folder / RESULT)
    if result.first:
        folder = folder / STAGE_ONE
        if not (folder / RESULT).exists():
            raise ArgumentError(f"{folder.parent} is a second stage: name the run that it went out from")
        result = read_result(folder / RESULT)
    if result.data_digest != data.roster.digest or result.subset_digest != (subset.digest if subset else None):
        raise MismatchError(
            f"{folder} was trained on other samples than {data.roster.name}{' pruned so' if subset else ''}: name a run on "
            f"the same"
        )
    if result.equal != equal:
        raise MismatchError(
            f"{folder} was trained at equal {result.equal}, not {equal}: name another run, or give --equal {result.equal}"
        )
    return result, folder
