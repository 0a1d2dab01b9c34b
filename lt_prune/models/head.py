"""What a head is: the classifier on top of a backbone, and into how many branches that ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lt_prune.setting import Setting

if TYPE_CHECKING:  # a head is named without loading torch
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class Head:
    """A kind of classifier, and once its settings are given, one of that kind."""

    summary: str
    """What networks have by it, such as "a linear classifier"."""
    module: Callable[..., nn.Module]
    """module(n_features, n_classes, **settings) makes one with weights from torch's generator: features (B, D) to logits
    (B, M), with rows `weight` (M, D). What a predictor must know of it besides is a plain value, its `how`."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """What it takes besides the sizes."""
    branches: int = 1
    """How many copies of the backbone's last part there are, whose features are concatenated."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Values of the settings."""

    def with_settings(self, values: Mapping[str, Any]) -> Head:
        """The same with its settings from among these values, each at its default where it is not there."""
        return replace(self, given={name: values.get(name, setting.default) for name, setting in self.settings.items()})

    def is_kind_of(self, other: Head) -> bool:
        """Whether another head makes the same kind of classifier, whatever its settings and branches."""
        return self.module == other.module

    def make(self, n_features: int, n_classes: int) -> nn.Module:
        """A new classifier."""
        return self.module(n_features, n_classes, **self.given)


def _linear(n_features: int, n_classes: int) -> nn.Module:
    from torch import nn

    classifier = nn.Linear(n_features, n_classes)
    nn.init.kaiming_normal_(classifier.weight)
    return classifier


LINEAR = Head(summary="a linear classifier", module=_linear)
