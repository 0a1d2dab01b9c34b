"""What a training method is: one stage, or a second stage on the stage of another method."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lt_prune.errors import ArgumentError

if TYPE_CHECKING:  # the names must be listed without loading torch
    from lt_prune.methods.loss import Loss


@dataclass(frozen=True)
class Setting:
    """A number or a choice of a method."""

    default: Any
    meaning: str
    choices: tuple[str, ...] = ()
    """What it may be, where it is a word."""
    high: float | None = None
    """How large it may be, where it is a number; None for however large. 0 is the least."""

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that the setting cannot have.

        Raises:
            ArgumentError: says what it can be.
        """
        if self.choices and value not in self.choices:
            raise ArgumentError(f"{name} must be {' or '.join(self.choices)}, not {value!r}")
        high = math.inf if self.high is None else self.high
        if not self.choices and not (isinstance(value, (int, float)) and 0 <= value <= high and value < math.inf):
            most = "or more" if self.high is None else f"to {self.high:g}"
            raise ArgumentError(f"{name} must be a number of 0 {most}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How one stage trains."""

    loss: Callable[..., Loss]
    """loss(counts, **settings), with the training samples of each class."""
    equation: str
    """What the loss is, and where it is defined."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """What the loss takes besides the counts."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Recipe` in which the stage differs from its defaults."""
    tuned: tuple[str, ...] = ()
    """Fields of `Recipe` that the table of published settings gives for each data set."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A training method."""

    summary: str
    """One line."""
    paper: str
    stage: Stage
    """Its own stage: the first, or where `first` is named, the second."""
    first: str | None = None
    """The method whose stage comes first."""
    prediction: str = "linear"
    """How its networks predict."""
    prediction_settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Settings of the stage and of the prediction."""
        return {**self.stage.settings, **self.prediction_settings}
