"""What is made of a network that was trained on all folds but one: its probabilities of that one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lt_prune.types import Array, Pixels

if TYPE_CHECKING:  # the caller, which only makes this object, need not load torch
    from lt_prune.engine.runs import Trained


@dataclass(frozen=True)
class Foretold:
    """What a network says of samples that it did not train on."""

    probabilities: Array
    """float32 (n, M)."""
    accuracy: float


@dataclass(frozen=True, eq=False)
class HoldingOut:
    """Predicts the samples at some rows, by the linear logits."""

    pixels: Pixels
    """uint8 (N, H, W, C), or float32 (N, D)."""
    labels: Array
    """int64 (N,)."""
    rows: Array
    """int64 (n,): those that the network does not train on."""

    def __call__(self, trained: Trained) -> Foretold:
        """Probabilities in the order of the rows.

        Raises:
            DivergenceError: an output is not finite.
        """
        from lt_prune.engine.predict import outputs_of

        probabilities = outputs_of(trained.network, self.pixels, self.rows).logits.softmax(dim=1).numpy()
        right = probabilities.argmax(axis=1) == self.labels[self.rows]
        return Foretold(probabilities, float(right.mean()))
