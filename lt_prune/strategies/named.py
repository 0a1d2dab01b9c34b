"""What a strategy is called: a name of the family, or BUDGET+SELECTION, and what differs from the defaults after it, such as
`equal+window+window=0.3`. Files and runs bear it, so that prunings which differ have names which differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lt_prune.budgets import BUDGETS
from lt_prune.errors import ArgumentError
from lt_prune.given import expect_known, like
from lt_prune.registry import Registry
from lt_prune.selections import SELECTIONS
from lt_prune.setting import parsed
from lt_prune.strategies import STRATEGIES, Strategy
from lt_prune.strategies.pair import Pair


def find_strategy(text: str) -> tuple[Strategy, dict[str, Any]]:
    """The strategy of a name, and the settings that the name gives.

    Raises:
        UnknownNameError: there is no such strategy, budget or selection.
        MemberError: it cannot be loaded.
        ArgumentError: a setting is none of its, or cannot be so.
    """
    names, assignments = split_name(text)
    strategy = Pair(*names) if len(names) == 2 else STRATEGIES.load(names[0])
    return strategy, parsed_settings(strategy, dict(assignment.split("=", 1) for assignment in assignments))


def split_name(text: str) -> tuple[list[str], list[str]]:
    """The one or two names that a strategy's consists of, and the settings behind them, such as "window=0.3".

    Raises:
        UnknownNameError: there is no strategy, budget or selection of a name.
        ArgumentError: there are more names.
    """
    parts = str(text).split("+")
    names = [part for part in parts if "=" not in part]
    if not 1 <= len(names) <= 2:
        raise ArgumentError(f"a strategy must be a name, or BUDGET+SELECTION, not {text!r}")
    families: list[Registry[Any]] = [STRATEGIES] if len(names) == 1 else [BUDGETS, SELECTIONS]
    for family, name in zip(families, names):
        family.check(name)
    return names, [part for part in parts if "=" in part]


def parsed_settings(strategy: Strategy, texts: Mapping[str, str]) -> dict[str, Any]:
    """Settings of a strategy from their texts.

    Raises:
        ArgumentError: one is no setting of its, or the text is none of its values.
    """
    expect_known(texts, strategy.settings)
    return {name: parsed(name, text, strategy.settings[name].default) for name, text in texts.items()}


def resolved_settings(strategy: Strategy, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of a strategy.

    Raises:
        ArgumentError: what is given is no setting of its, or cannot be so.
    """
    expect_known(given, strategy.settings)
    settings: dict[str, Any] = {name: setting.default for name, setting in strategy.settings.items()}
    for name, value in given.items():
        kind: Any = type(settings[name])
        settings[name] = kind(like(name, value, settings[name]))  # 1 and 1.0 are the same
        strategy.settings[name].check(name, settings[name])
    return settings


def name_of(base: str, strategy: Strategy, settings: Mapping[str, Any], others: Mapping[str, str]) -> str:
    """A strategy's name with what differs from its defaults.

    Args:
        base: one or two names.
        settings: all of them.
        others: what else decided, such as a digest of the recall that was given.
    """
    changed = {name: value for name, value in settings.items() if value != strategy.settings[name].default}
    told = {name: repr(value).replace("e+", "e") if isinstance(value, float) else value for name, value in changed.items()}
    return "+".join([base, *(f"{name}={value}" for name, value in {**told, **others}.items())])
