"""How one network is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lt_prune.choices import DRAWS, MODELS, SAMPLERS, SCHEDULES, TRAINED
from lt_prune.errors import ArgumentError
from lt_prune.given import known_fields

_DEPTHS = (8, 14, 20, 32, 44, 56, 110)
"""Those that the first version had."""


@known_fields
@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one network is trained. Defaults are stage one of Wang & Yan, as MiSLAS trains it."""

    preset: str = "paper"
    """Whose numbers the defaults are, "paper" or "released" (see `lt_prune.planning.recipes`)."""
    epochs: int = 300
    batch_size: int = 128
    lr: float = 0.1
    """Peak learning rate."""
    warmup: int = 5
    """Epochs over which the learning rate rises linearly; the first step is above 0, the last one at the peak."""
    schedule: str = "step"
    """After the warm-up: "step" (x0.1 at each milestone), "cosine" (to 0) or "constant". "step" and its warm-up move with
    the epochs, the others with the steps."""
    milestones: tuple[float, ...] = (0.8, 0.9)
    """Epochs before which the step schedule lowers the rate: below 1 a share of all epochs, otherwise their number."""
    momentum: float = 0.9
    weight_decay: float = 5e-4
    mixup: float = 0.0
    """Mixup draws its share from Beta(mixup, mixup); 0 is off."""
    model: str = MODELS["images"]
    """Name of the network, see `lt_prune.models`."""
    weights: str = ""
    """SHA-256 of the file that the backbone starts from, in hexadecimal; empty where it is drawn from the seed."""
    freeze: bool = False
    """Keep the backbone as that file has it: its features are computed once, and only what follows them is trained."""
    padding: int = 4
    """Pixels of zero padding on each side before the random crop."""
    flip: bool = True
    """Random horizontal flip."""
    sampler: str = "instance"
    """"instance": every sample once an epoch; "balanced": every class equally often, 4 samples of it in a row; "reversed":
    every class as often as 1 over its number of samples says."""
    draws: str = "samples"
    """How long a balanced epoch is: "samples", N draws, or "oversampled", n_max times M."""
    trained: str = "network"
    """"network", "classifier", "scale" (a factor a class, on the logits), "classifier+scale", or "nothing"."""
    fresh: bool = False
    """Start from a new classifier."""
    lr_factor: float = 1.0
    """Factor on every learning rate but the scale's."""
    shift_batch_norm: bool = False
    """Where the backbone is not trained, let its batch normalisation follow the batches nevertheless."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(self.milestones))  # JSON knows lists only
        if not all(0 < milestone < float("inf") for milestone in self.milestones):
            raise ArgumentError(f"milestones must be numbers above 0, not {', '.join(map(str, self.milestones))}")
        if self.trained == "nothing" and self.epochs:
            raise ArgumentError(f"epochs must be 0 where nothing is trained, not {self.epochs}")
        fewest = 0 if self.trained == "nothing" else 1
        for name, low in (("epochs", fewest), ("batch_size", 2), ("warmup", 0), ("padding", 0)):
            if getattr(self, name) < low:
                raise ArgumentError(f"{name} must be at least {low}, not {getattr(self, name)}")
        for name in ("lr", "momentum", "weight_decay", "mixup", "lr_factor"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ArgumentError(f"{name} must be a number of 0 or more, not {getattr(self, name)}")
        if self.freeze and not self.weights:
            raise ArgumentError("freeze keeps a backbone as its weights file has it: name that by --weights FILE")
        for name, choices in (("schedule", SCHEDULES), ("sampler", SAMPLERS), ("draws", DRAWS), ("trained", TRAINED)):
            if getattr(self, name) not in choices:
                raise ArgumentError(f"{name} must be {' or '.join(choices)}, not {getattr(self, name)!r}")


def as_today(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a recipe in a file; the first ones had the depth of a CIFAR-style ResNet instead of a model.

    Raises:
        ArgumentError: there was no such depth.
    """
    fields = dict(saved)
    if "depth" not in fields:
        return fields
    depth = fields.pop("depth")
    if type(depth) is not int or depth not in _DEPTHS:
        raise ArgumentError(f"depth must be one of {', '.join(map(str, _DEPTHS))}, not {depth!r}")
    return {**fields, "model": f"resnet{depth}"}
