"""What a training method is: one stage, or a second stage on the stage of another method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lt_prune.methods.parts import Parts
from lt_prune.models.head import LINEAR, Head
from lt_prune.predictors import PREDICTORS
from lt_prune.setting import Setting

if TYPE_CHECKING:  # the names must be listed without loading torch
    from lt_prune.methods.loss import Loss


@dataclass(frozen=True, kw_only=True)
class Stage(Parts):
    """How one stage trains; what most do without is declared in `Parts`."""

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
    head: Head = LINEAR
    """The classifier of its networks, and into how many branches these end; a second stage has that of the first."""

    @property
    def every_setting(self) -> Mapping[str, Setting]:
        """Settings of the loss and of the head."""
        return {**self.settings, **self.head.settings}


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
    """The predictor of its networks, by name."""

    @property
    def prediction_settings(self) -> Mapping[str, Setting]:
        """Settings of its predictor."""
        return PREDICTORS.load(self.prediction).settings

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Settings of the stage and of the prediction."""
        return {**self.stage.every_setting, **self.prediction_settings}
