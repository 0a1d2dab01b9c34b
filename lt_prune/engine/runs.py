"""What the engine is given, and what it gives back; no more than plain values and arrays, so that both cross processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.errors import LtPruneError
from lt_prune.identity import FIRST
from lt_prune.methods.parts import Parts
from lt_prune.models.head import LINEAR, Head
from lt_prune.types import Array, Pixels

if TYPE_CHECKING:
    from lt_prune.engine.observers import Observers
    from lt_prune.methods.loss import Loss
    from lt_prune.metrics.observer import Observer
    from lt_prune.models import Model
    from lt_prune.models.network import Network


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One network to train, whole: the same run gives the same network wherever and in whatever pieces it is trained."""

    title: str
    """What it is called in progress and messages."""
    pixels: Pixels
    """uint8 (P, H, W, C), or embeddings float32 (P, D): every sample of the set."""
    labels: Array
    """int64 (P,)."""
    rows: Array
    """int64 (N,): the samples to train on."""
    n_classes: int
    model: Model
    """What the recipe names, which a worker process may know nothing of."""
    recipe: Recipe
    loss: Callable[[], Loss]
    """Makes what is minimised."""
    parts: Parts = field(default_factory=Parts)
    """What else the stage has."""
    head: Head = LINEAR
    """What the network's classifier is, its settings given."""
    seed: int
    identity: Mapping[str, Any]
    """Samples, method and its settings by field; with recipe and seed it decides whether a checkpoint is of this run."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a field of it counts as that an older checkpoint lacks."""
    start: Path | None = None
    """Weights of a first stage to start from; by default they are drawn from the seed. Where they are the `checkpoint` of
    another run in the same call, this one begins when that one has ended."""
    weights: Path | None = None
    """Weights of a backbone to start from, the file whose digest the recipe has."""
    mix_compute: bool = False
    """Whether a checkpoint after the last epoch may be of a network that was computed otherwise."""
    checkpoint: Path | None = None
    """Where the state is kept after each epoch, on CUDA every half minute; after the last one, the weights without the
    optimizer's state."""
    observers: Callable[[], Mapping[str, type[Observer]]] = dict
    """Says what is to watch the training, by name."""
    on_trained: Callable[[Trained], Any] | None = None
    """What is made of the trained network, where it was trained: scores, or test results."""

    def after(self, first: Outcome) -> Run:
        """This run, given how the one that it starts from has ended: how that was computed is part of what this one is, and
        where it had a checkpoint that decided it."""
        known = self.identity.get(FIRST)
        return replace(self, identity={**self.identity, FIRST: {**known, **vars(first.arithmetic)}}) if known else self


@dataclass(frozen=True)
class Trained:
    """A network after its last epoch."""

    network: Network
    loss: tuple[float, ...]
    """Mean training loss of each epoch."""
    seconds: float
    """Training time, summed over interruptions."""
    arithmetic: Arithmetic
    """How it was computed."""
    observers: Observers
    """What watched it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended."""

    loss: tuple[float, ...] = ()
    """Mean training loss of each epoch."""
    seconds: float = 0.0
    """Training time, summed over interruptions."""
    value: Any = None
    """What the run's `on_trained` made."""
    finishing: float = 0.0
    """Seconds that it took."""
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    """How the network was computed, which a checkpoint decides where there was one."""
    failure: LtPruneError | None = None
    """Why there is no value."""

    def unwrap(self) -> Any:
        """The value.

        Raises:
            LtPruneError: the run failed.
        """
        if self.failure:
            raise self.failure
        return self.value
