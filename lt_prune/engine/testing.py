"""What is made of a trained network: its test results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lt_prune.engine.predict import AbsPredictor, probabilities
from lt_prune.evaluation import evaluate_probabilities
from lt_prune.models.network import Network
from lt_prune.runs import Evaluation
from lt_prune.types import Array, LongTailedSet, Pixels


@dataclass(frozen=True, eq=False)
class Testing:
    """Evaluates a network on test images; crosses processes without the training images, unless ABS needs them."""

    pixels: Pixels
    """uint8 (T, H, W, C)."""
    labels: Array
    """int64 (T,)."""
    class_groups: Array
    """int64 (M,)."""
    prediction: str | AbsPredictor
    """See `probabilities`."""

    @staticmethod
    def of(
        lt_set: LongTailedSet, prediction: str, settings: Mapping[str, Any] | None = None, rows: Array | None = None
    ) -> Testing:
        """Testing on a set's test images.

        Args:
            prediction: "linear", "angular" or "abs".
            settings: strength "s" and form "abs_form", for ABS.
            rows: int64 (N,), what the network was trained on, for ABS, which measures its bias there.

        Raises:
            DataError: the set has no test images.
        """
        lt_set.require_test()
        how: str | AbsPredictor = prediction
        if prediction == "abs":
            assert settings is not None, "ABS has a strength and a form"
            assert rows is not None, "and is measured on what was trained on"
            how = AbsPredictor(lt_set.pixels, lt_set.index.labels, rows, s=settings["s"], form=settings["abs_form"])
        return Testing(lt_set.test_pixels, lt_set.test_labels, lt_set.index.class_groups, how)

    def __call__(self, network: Network) -> Evaluation:
        predicted = probabilities(network, self.pixels, self.prediction)
        return evaluate_probabilities(predicted, self.labels, self.class_groups)
