"""Training methods and predictions in words: stages, settings, and what was published for which data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from lt_prune.config.recipe import Recipe
from lt_prune.errors import MemberError
from lt_prune.methods import METHODS, Method
from lt_prune.methods.published import published_settings
from lt_prune.planning.recipes import SECOND
from lt_prune.predictors import PREDICTORS
from lt_prune.registry import Registry
from lt_prune.setting import Setting

T = TypeVar("T")


def describe_methods() -> list[dict[str, Any]]:
    """A row for each method: name, the method whose stage comes first, prediction and summary."""
    return [
        {"name": name, "first": method.first, "prediction": method.prediction, "summary": method.summary}
        for name, method in _loaded(METHODS).items()
    ]


def describe_predictions() -> list[dict[str, Any]]:
    """A row for each predictor: name, equation, paper, whether it is fitted on the training samples, and settings."""
    return [
        {
            "name": name,
            "equation": predictor.equation,
            "paper": predictor.paper,
            "needs_outputs": predictor.needs_outputs,
            "settings": _settings(predictor.settings),
        }
        for name, predictor in _loaded(PREDICTORS).items()
    ]


def describe_method(name: str) -> dict[str, Any]:
    """Everything about one method.

    Returns:
        Name, summary, paper, prediction, head; `stages`, each with its equation, its recipe, and settings with default,
        meaning and choices; `prediction_settings`; and `published`, a row of settings for each data set. Everything has the
        name that overrides it.

    Raises:
        UnknownNameError: no such method.

    Example:
        >>> from lt_prune.steps.describe import describe_method
        >>> describe_method("mislas")["published"][0]["smooth_head"]
        0.3
    """
    method = METHODS.load(name)
    chain = [(method.first, METHODS.load(method.first))] if method.first else []
    chain.append((name, method))
    taken = {"data": "data", "imbalance": "imbalance"}
    for number, (_, part) in enumerate(chain):
        taken |= {field: _prefix(number) + field for field in part.stage.tuned}
        taken |= {name: name for name, setting in part.settings.items() if setting.published}
    published = [{taken[key]: value for key, value in row.items() if key in taken} for row in published_settings()]
    return {
        "name": name,
        "summary": method.summary,
        "paper": method.paper,
        "prediction": method.prediction,
        "head": chain[0][1].stage.head.summary,
        "stages": [_stage(of, part, number) for number, (of, part) in enumerate(chain)],
        "prediction_settings": _settings(method.prediction_settings),
        "published": published if len(published[0]) > 2 else [],
    }


def _loaded(family: Registry[T]) -> dict[str, T]:
    """Every member that can be loaded, by name."""
    found = {}
    for name in family.names:
        try:
            found[name] = family.load(name)
        except MemberError as error:  # of another package, which keeps none of the others from being shown
            warnings.warn(str(error), stacklevel=3)
    return found


def _stage(name: str, method: Method, number: int) -> dict[str, Any]:
    """A stage; of a second one's recipe, what it does not take over from the first."""
    stage = method.stage
    defaults = {**asdict(Recipe()), "milestones": list(Recipe().milestones)}  # JSON has no tuples
    del defaults["preset"]
    recipe = {**defaults, **stage.recipe, **dict.fromkeys(stage.tuned, "as published")}
    fields = ["lr", *stage.recipe, *stage.tuned] if number else list(recipe)
    fields = [] if recipe["trained"] == "nothing" else fields
    return {
        "of": name,
        "equation": stage.equation,
        "recipe": {_prefix(number) + field: recipe[field] for field in fields},
        "settings": _settings(stage.every_setting),
    }


def _settings(settings: Mapping[str, Setting]) -> dict[str, Any]:
    return {name: {**asdict(setting), "choices": list(setting.choices)} for name, setting in settings.items()}


def _prefix(number: int) -> str:
    return SECOND if number else ""
