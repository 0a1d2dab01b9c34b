"""A number or a word that a member of a family can be given."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError


@dataclass(frozen=True)
class Setting:
    """A number or a choice of a method or of a predictor."""

    default: Any
    meaning: str
    choices: tuple[str, ...] = ()
    """What it may be, where it is a word."""
    high: float | None = None
    """How large it may be, where it is a number; None for however large."""
    low: float = 0
    """How small it may be."""
    published: bool = False
    """Whether the table of published settings gives it for each data set, in place of the default."""

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that the setting cannot have.

        Raises:
            ArgumentError: says what it can be.
        """
        if self.choices and value not in self.choices:
            raise ArgumentError(f"{name} must be {' or '.join(self.choices)}, not {value!r}")
        high = math.inf if self.high is None else self.high
        if not self.choices and not (isinstance(value, (int, float)) and self.low <= value <= high and value < math.inf):
            most = "or more" if self.high is None else f"to {self.high:g}"
            raise ArgumentError(f"{name} must be a number of {self.low:g} {most}, not {value!r}")


def parsed(name: str, text: str, example: Any) -> Any:
    """The value of a setting from its text; `example` is one of the same kind.

    Raises:
        ArgumentError: the text is none of its values.
    """
    if isinstance(example, bool):
        if text not in ("yes", "no"):
            raise ArgumentError(f"{name} must be yes or no, not {text!r}")
        return text == "yes"
    if isinstance(example, str):
        return text
    try:
        return tuple(map(float, text.split(","))) if isinstance(example, tuple) else type(example)(text)
    except ValueError:
        kind = {int: "whole number", tuple: "list of numbers such as 160,180"}.get(type(example), "number")
        raise ArgumentError(f"{name} must be a {kind}, not {text!r}") from None


def require_own_names(names: Iterable[str]) -> None:
    """Refuse a setting that bears the name of a field of `Recipe`, of either stage.

    Raises:
        ValueError: names it.
    """
    if taken := [name for name in names if name in vars(Recipe()) or name.startswith("stage2_")]:
        raise ValueError(f"must not call a setting {taken[0]!r}, as a recipe has a field of that name")
