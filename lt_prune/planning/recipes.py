"""Recipe and settings of a run: the method's defaults, the published ones of data like it, and what the user overrides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from lt_prune.choices import MODELS, PRESETS
from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError
from lt_prune.given import expect_known, expect_path, like
from lt_prune.methods import METHODS, Method, predicting
from lt_prune.methods.published import nearest
from lt_prune.models import find_model
from lt_prune.predictors import PREDICTORS, Predictor
from lt_prune.runs import TrainSpec
from lt_prune.setting import parsed
from lt_prune.store.pretrained import digest_of_weights
from lt_prune.types import LongTailedSet

MEMBER: dict[str, Any] = {"epochs": 10, "warmup": 1, "schedule": "cosine"}
"""A short run of the scoring ensemble (Wang & Yan, section 3.4)."""

SECOND = "stage2_"
"""How the name of a field of the second stage's recipe begins."""

_RELEASED_EPOCHS, _RELEASED_DECAY = 200, 2e-4
"""Whose numbers runs have where the user gives none: those of Wang & Yan's paper, 300 epochs and a weight decay of 5e-4, or
those of the first author's released code, 200 epochs and a weight decay by data set (column released_weight_decay of the
table). The milestones are the same: 80 and 90% of 200 are the 160 and 180 of that code."""

_FIELDS = tuple(field.name for field in fields(Recipe) if field.name != "preset")
_KEPT = ("preset", "batch_size", "momentum", "weight_decay", "model", "weights", "freeze", "padding", "flip")
"""What a second stage takes over from the first one's recipe."""


UNAUGMENTED: Mapping[str, Any] = {"padding": 0, "flip": False, "shift_batch_norm": False}
"""What is done with images in each epoch, where a sample is a row of features: nothing."""


def resolve_recipe(data: LongTailedSet, defaults: Mapping[str, Any], overrides: Mapping[str, Any]) -> Recipe:
    """Recipe for `data`: crops are padded by an eighth of the image (4 pixels of 32), and mirrored where the data allows.

    Args:
        defaults: what differs from `Recipe`'s own, which are Wang & Yan's stage one, and from the model's.
        overrides: fields of `Recipe`; None leaves a field at its default. In place of a digest, `weights` names the file.

    Raises:
        ArgumentError: a field cannot have its value, the model takes other samples than those of `data`, or images are to be
            augmented where there are none, or none in each epoch.
        FileError: there is no weights file of this name.
    """
    chosen = _chosen(overrides)
    model = find_model(chosen.get("model", MODELS[data.kind]))
    model.require(data.kind, data.index.name)
    own = {"padding": data.pixels.shape[1] // 8, "flip": data.flip, **model.recipe}
    return _augmented(Recipe(**{**own, **defaults, **chosen, "model": model.name}), data, chosen)


def _augmented(recipe: Recipe, data: LongTailedSet, chosen: Mapping[str, Any]) -> Recipe:
    """The recipe, without what is done with images in each epoch where features are all that is trained on."""
    if data.kind == "images" and not recipe.freeze:
        return recipe
    if given := [name for name, value in UNAUGMENTED.items() if chosen.get(name, value) != value]:
        why = "embeddings" if data.kind == "embeddings" else "a frozen backbone, whose features are computed once"
        raise ArgumentError(f"{given[0]} is for images that are shown anew in each epoch, not for {why}: leave it out")
    trained = "classifier" if recipe.freeze and recipe.trained == "network" else recipe.trained
    return replace(recipe, trained=trained, **UNAUGMENTED)


def first_recipe(data: LongTailedSet, method: Method, overrides: Mapping[str, Any], preset: str = "paper") -> Recipe:
    """Recipe of a method that has one stage, by a preset; of the overrides, those that are fields of `Recipe` count.

    Raises:
        ArgumentError: there is no such preset, or a field cannot have its value.
    """
    if preset not in PRESETS:
        raise ArgumentError(f"recipe must be {' or '.join(PRESETS)}, not {preset!r}")
    released = {"epochs": _RELEASED_EPOCHS, "weight_decay": _published(data)["released_weight_decay"]}
    by_preset = {"preset": preset, **(released if preset == "released" else {})}
    defaults = {**by_preset, **method.stage.recipe, **_tuned(data, method)}
    return resolve_recipe(data, defaults, {name: overrides.get(name) for name in _FIELDS})


def second_recipe(data: LongTailedSet, method: Method, first: Recipe, overrides: Mapping[str, Any]) -> Recipe:
    """Recipe of a method's second stage, by the first one's preset; overrides begin with "stage2_"."""
    kept = {name: getattr(first, name) for name in _KEPT}
    if first.preset == "released":
        kept["weight_decay"] = _RELEASED_DECAY
    chosen = {name: overrides.get(SECOND + name) for name in _FIELDS} if _trains(method) else {}
    chosen = _chosen(chosen)
    return _augmented(Recipe(**{**kept, **method.stage.recipe, **_tuned(data, method), **chosen}), data, chosen)


def resolve_settings(data: LongTailedSet, member: Method | Predictor, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of a method and of its prediction, or of a predictor; other overrides are passed over.

    Raises:
        ArgumentError: an override is not what the setting can be.
    """
    published = _published(data)
    chosen = {name: value for name, value in overrides.items() if name in member.settings and value is not None}
    for name, value in chosen.items():
        member.settings[name].check(name, value)
    defaults = {name: published[name] if setting.published else setting.default for name, setting in member.settings.items()}
    return {**defaults, **chosen}


def prediction_settings(
    data: LongTailedSet, spec: TrainSpec, prediction: str, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Every setting of a trained run's prediction: as overridden, else as the run has it where it predicts so itself.

    Raises:
        UnknownNameError: there is no such predictor.
        ArgumentError: an override is not what the setting can be.
    """
    own = spec.settings if spec.prediction == prediction else {}
    chosen = {name: value for name, value in overrides.items() if value is not None}
    return resolve_settings(data, PREDICTORS.load(prediction), {**own, **chosen})


def check_prediction_names(prediction: str, overrides: Iterable[str], besides: Collection[str] = ()) -> None:
    """Refuse an override that the predictor does not know; `besides` is what may have been meant, too.

    Raises:
        UnknownNameError: there is no such predictor.
        ArgumentError: the message lists the names there are.
    """
    expect_known(overrides, PREDICTORS.load(prediction).settings, besides)


def check_names(
    methods: Iterable[str], prediction: str | None, overrides: Iterable[str], besides: Collection[str] = ()
) -> None:
    """Refuse an override that none of the methods knows, nor their prediction; `besides` is what may have been meant, too.

    Raises:
        UnknownNameError: no such method.
        ArgumentError: the message lists the names there are.
    """
    expect_known(overrides, _known_names(methods, prediction), besides)


def check_fields(overrides: Iterable[str], besides: Collection[str] = ()) -> None:
    """Refuse an override that is no field of `Recipe`; `besides` is what may have been meant, too.

    Raises:
        ArgumentError: the message lists the names there are.
    """
    expect_known(overrides, _FIELDS, besides)


def _known_names(methods: Iterable[str], prediction: str | None) -> dict[str, Any]:
    """What can be overridden in runs of these methods, with a value of the right kind for each."""
    return {name: value for method in methods for name, value in setting_names(method, prediction).items()}


def setting_names(method: str, prediction: str | None = None) -> dict[str, Any]:
    """What can be overridden in a run of a method, by its own or another prediction, with a value of the right kind for
    each."""
    found = predicting(method, prediction)
    recipe = {name: getattr(Recipe(), name) for name in _FIELDS}
    names = dict(recipe)
    if found.first:
        names |= {SECOND + name: value for name, value in recipe.items() if name not in _KEPT and _trains(found)}
        names |= {name: setting.default for name, setting in METHODS.load(found.first).settings.items()}
    return {**names, **{name: setting.default for name, setting in found.settings.items()}}


def parse_setting(methods: Iterable[str], prediction: str | None, name: str, text: str) -> Any:
    """The value of a setting from its text.

    Raises:
        UnknownNameError: no such method.
        ArgumentError: neither a method nor the prediction has such a setting, or the text is none of its values.
    """
    methods = list(methods)
    check_names(methods, prediction, [name])
    return parsed(name, text, _known_names(methods, prediction)[name])


def parse_values(prediction: str, name: str, text: str) -> list[Any]:
    """The values of a predictor's setting from their text, separated by commas; errors are those of `parse_setting`."""
    check_prediction_names(prediction, [name])
    example = PREDICTORS.load(prediction).settings[name].default
    return [parsed(name, part.strip(), example) for part in text.split(",")]


def network_of(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that say which network is trained, which an ensemble has in common with the runs it ranks for."""
    return {name: overrides.get(name) for name in ("model", "weights", "freeze")}


def weights_of(overrides: Mapping[str, Any]) -> Path | None:
    """The file that the backbone is to start from, None where none is named."""
    return Path(overrides["weights"]) if overrides.get("weights") is not None else None


def _chosen(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are overridden, a file of weights being told by its digest."""
    chosen = {name: value for name, value in overrides.items() if value is not None}
    if "weights" in chosen:
        expect_path("weights", chosen["weights"])
    if file := weights_of(chosen):
        chosen["weights"] = digest_of_weights(file)
    return {name: like(name, value, getattr(Recipe(), name)) for name, value in chosen.items()}


def _trains(method: Method) -> bool:
    return method.stage.recipe.get("trained") != "nothing"


def _tuned(data: LongTailedSet, method: Method) -> dict[str, Any]:
    published = _published(data)
    return {name: published[name] for name in method.stage.tuned}


def _published(data: LongTailedSet) -> dict[str, Any]:
    counts = data.index.counts
    return nearest(data.index.n_classes, counts.max() / max(counts.min(), 1))
