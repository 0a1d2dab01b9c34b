"""What is made of a trained network: its test results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lt_prune.engine.fitting import Fitting
from lt_prune.engine.predict import probabilities
from lt_prune.engine.runs import Trained
from lt_prune.evaluation import evaluate_probabilities
from lt_prune.models.network import Network
from lt_prune.runs import Evaluation
from lt_prune.types import Array, LongTailedSet, Pixels


@dataclass(frozen=True, eq=False)
class Testing:
    """Evaluates a network on test images."""

    pixels: Pixels
    """uint8 (T, H, W, C)."""
    labels: Array
    """int64 (T,)."""
    class_groups: Array
    """int64 (M,)."""
    fitting: Fitting
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the predictor."""

    @staticmethod
    def of(lt_set: LongTailedSet, fitting: Fitting, settings: Mapping[str, Any] | None = None) -> Testing:
        """Testing on a set's test images.

        Raises:
            DataError: the set has no test images.
        """
        lt_set.require_test()
        return Testing(lt_set.test_pixels, lt_set.test_labels, lt_set.index.class_groups, fitting, settings or {})

    def __call__(self, trained: Trained) -> Evaluation:
        (evaluation,) = self.each(trained.network, [self.settings])
        return evaluation

    def each(self, network: Network, every: Sequence[Mapping[str, Any]]) -> list[Evaluation]:
        """With each of several settings, by one pass over the test images.

        Raises:
            MemberError: the predictor cannot be loaded or fitted, fails, or does not give probabilities.
            DivergenceError: an output is not finite.
        """
        predicted = probabilities(network, self.pixels, self.fitting(network, every))
        return [evaluate_probabilities(each, self.labels, self.class_groups) for each in predicted]
