"""What flows from step to step: small frozen dataclasses of plain arrays, each saved to one file and read back whole.

Shapes: N training samples, M classes, K ensemble members, H x W pixels of C channels, T test samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from lt_prune.choices import DEPTHS, DRAWS, SAMPLERS, SCHEDULES, TRAINED
from lt_prune.compute import Arithmetic
from lt_prune.errors import ArgumentError, MismatchError

Array = npt.NDArray[Any]
Hard = Literal["high", "low"]


CHUNK = 256
"""Images looked at together in a pass over a set, so that no pass needs all of them in memory."""


class Pixels(Protocol):
    """Images uint8 (N, H, W, C): an array of them, or files that are read as they are indexed."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Array: ...


class Progress(Protocol):
    """Called while a step works, with what it works on and how many epochs of how many are done."""

    def __call__(self, what: str, done: int, total: int) -> None: ...


def no_progress(what: str, done: int, total: int) -> None:
    """The progress of a step that nobody watches."""


ALL_RUNS = "all runs"
"""What a step of many runs calls its progress with besides, in images trained on instead of epochs."""


GROUPS = ("head", "middle", "tail")


def digest_of(ids: Array) -> str:
    """SHA-256 of ascending ids, in hexadecimal."""
    return hashlib.sha256(ids.astype("<u8").tobytes()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Roster:
    """Who is in a data set: one row a training sample, in ascending order of id, whatever order the source had.

    A sample is known by its content (see `lt_prune.data.identity`), so two copies of the same data give the same roster.
    """

    name: str
    """What files made from this set are named after, for example "cifar10-lt100"."""
    ids: Array
    """uint64 (N,), ascending, unique."""
    labels: Array
    """int64 (N,), in [0, M)."""
    class_names: tuple[str, ...]
    """M names; the index is the label."""
    groups: tuple[int, int]
    """(end of head, start of tail): half-open ranges over the classes sorted by decreasing count."""
    source: str
    """The source it was read from, as the user named it."""
    source_size: int
    """Number of training samples in the whole source, before any cut."""
    positions: Array
    """int64 (N,): position of each sample in the source's own training split."""
    file_names: tuple[str, ...] | None = None
    """For file sources, each sample's path below the source's root."""
    built: Mapping[str, Any] = field(default_factory=dict)
    """Profile, imbalance ratio, seed and selection that cut the set from its source."""

    @property
    def n_samples(self) -> int:
        return len(self.ids)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    @cached_property
    def counts(self) -> Array:
        """int64 (M,): training samples of each class."""
        return np.bincount(self.labels, minlength=self.n_classes)

    @cached_property
    def class_groups(self) -> Array:
        """int64 (M,): 0 for head, 1 for middle, 2 for tail, by the rank of the class's count."""
        rank = np.empty(self.n_classes, dtype=np.int64)
        rank[np.argsort(-self.counts, kind="stable")] = np.arange(self.n_classes)
        head_end, tail_start = self.groups
        return (rank >= head_end).astype(np.int64) + (rank >= tail_start)

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digest of the ids: equal exactly where the samples are the same."""
        return digest_of(self.ids)

    def require_same(self, other: Roster, what: str) -> None:
        """Refuse `other` unless it lists the very same samples.

        Raises:
            MismatchError: says how many ids match; `what` names the thing that `other` belongs to.
        """
        if self.digest != other.digest:
            common = len(np.intersect1d(self.ids, other.ids, assume_unique=True))
            raise MismatchError(
                f"{what} was made from other data: {common:,} of its {other.n_samples:,} sample ids are among the "
                f"{self.n_samples:,} of {self.name}; make it again from this data, or name the data it was made from"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class LongTailedSet:
    """A long-tailed training set and its untouched test set, with pixels."""

    roster: Roster
    pixels: Pixels
    """uint8 (N, H, W, C), in the roster's order."""
    test_pixels: Pixels
    """uint8 (T, H, W, C)."""
    test_labels: Array
    """int64 (T,)."""
    flip: bool
    """Whether a mirrored image still shows the same class (not so for digits)."""
    origin: str | None = None
    """What to name as --data to get this set again, where that is known."""

    @property
    def streamed(self) -> bool:
        """Whether the images are read from their files as they are needed, instead of held in memory."""
        return not (isinstance(self.pixels, np.ndarray) and isinstance(self.test_pixels, np.ndarray))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one network is trained. Defaults are stage one of Wang & Yan, as MiSLAS trains it."""

    preset: str = "paper"
    """Whose numbers the defaults are, "paper" or "released" (see `lt_prune.steps.recipes`)."""
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
    depth: int = 32
    """Depth of the CIFAR-style ResNet."""
    padding: int = 4
    """Pixels of zero padding on each side before the random crop."""
    flip: bool = True
    """Random horizontal flip."""
    sampler: str = "instance"
    """"instance": every sample once an epoch; "balanced": every class equally often, 4 samples of it in a row."""
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
        if self.depth not in DEPTHS:
            raise ArgumentError(f"depth must be one of {', '.join(map(str, DEPTHS))}, not {self.depth}")
        for name, choices in (("schedule", SCHEDULES), ("sampler", SAMPLERS), ("draws", DRAWS), ("trained", TRAINED)):
            if getattr(self, name) not in choices:
                raise ArgumentError(f"{name} must be {' or '.join(choices)}, not {getattr(self, name)!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class MetricScores:
    """One metric's scores by every member of an ensemble."""

    per_member: Array
    """float32 (K, N)."""
    hard: Hard
    """Which end is hard: "high" where a higher score means a harder sample."""
    equation: str
    """Where the metric is defined."""

    @cached_property
    def mean(self) -> Array:
        """float32 (N,): mean over members, the score that pruning uses."""
        return np.asarray(self.per_member.mean(axis=0, dtype=np.float64), dtype=np.float32)

    @cached_property
    def spread(self) -> Array:
        """float32 (N,): standard deviation over members (0 with one member)."""
        return np.asarray(self.per_member.std(axis=0, dtype=np.float64), dtype=np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreSet:
    """Scores of every training sample by every metric, each member apart."""

    roster: Roster
    metrics: Mapping[str, MetricScores]
    seeds: tuple[int, ...]
    """The K members' seeds, all different."""
    train_accuracy: Array
    """float64 (K,): each member's accuracy on the samples it was trained on, in evaluation mode."""
    seconds: Array
    """float64 (K,): each member's training time."""
    recipe: Recipe
    versions: Mapping[str, str]
    """Library versions the scores were made with."""
    ensemble: int | None = None
    """The seed that names the ensemble; None where an old file does not say."""
    arithmetic: tuple[Arithmetic, ...] = ()
    """How each of the K members was computed; where nothing says it, in float32 on a CPU."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arithmetic", self.arithmetic or (Arithmetic(),) * len(self.seeds))

    @property
    def digest(self) -> str:
        """Hexadecimal digest of every member's seed and scores, by name of metric."""
        content = hashlib.sha256(np.array(self.seeds, dtype="<i8").tobytes())
        for name in sorted(self.metrics):
            content.update(name.encode() + self.metrics[name].per_member.astype("<f4").tobytes())
        return content.hexdigest()

    def metric(self, name: str) -> MetricScores:
        """Scores of one metric.

        Raises:
            ArgumentError: the metric is not among those stored.
        """
        if name not in self.metrics:
            raise ArgumentError(
                f"there are no {name!r} scores here, only {', '.join(self.metrics)}: add them with "
                f"`lt-prune score --metric {name}`"
            )
        return self.metrics[name]


@dataclass(frozen=True, kw_only=True, eq=False)
class Subset:
    """Which samples of a roster a pruning kept, and everything that decided it."""

    roster: Roster
    kept: Array
    """bool (N,), in the roster's order."""
    strategy: str
    ratio: float
    """The fraction asked to be removed."""
    options: Mapping[str, Any]
    """Seed and, for a ranked subset, metric, end kept, scope, number of members, and seed of the ensemble and
    digest of the scores used."""

    @property
    def label(self) -> str:
        """Short name of what chose: the metric for a subset by "ranked", otherwise the strategy, and its metric if any."""
        metric = self.options.get("metric")
        if metric and self.strategy == "ranked":
            return str(metric)
        return f"{self.strategy} {metric}" if metric else self.strategy

    @property
    def kept_ids(self) -> Array:
        return self.roster.ids[self.kept]

    @property
    def removed_ids(self) -> Array:
        return self.roster.ids[~self.kept]

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digest of the kept ids."""
        return digest_of(self.kept_ids)

    @cached_property
    def kept_counts(self) -> Array:
        """int64 (M,): kept samples of each class."""
        return np.bincount(self.roster.labels[self.kept], minlength=self.roster.n_classes)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Test results as fractions in [0, 1]; None where a class or a group has no test sample."""

    overall: float
    balanced: float
    """Mean of the per-class accuracies."""
    head: float | None
    middle: float | None
    tail: float | None
    per_class: tuple[float | None, ...]
    ece: float
    """Expected calibration error, 15 bins."""
    macro_f1: float
    """Mean F1 score of the classes that have test samples or are predicted."""
    confusion: tuple[tuple[int, ...], ...]
    """M rows of M: test samples by true class (row) and predicted class (column)."""
    n_test: int


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """What one training is: what it trains on, how, and how that is computed. Planned, failed and finished runs have one."""

    name: str
    """Name of the set."""
    data_digest: str
    method: str
    recipe: Recipe
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the method and its prediction, by name."""
    prediction: str = "linear"
    strategy: str | None = None
    """What pruned the set, None where it is whole."""
    metric: str | None = None
    keep: str | None = None
    within: str | None = None
    """Metric, end kept and scope of a strategy that ranks by scores."""
    ratio: float = 0.0
    """The fraction removed."""
    ensemble: int | None = None
    """Seed of the ensemble whose scores ranked; None where none did, or an old file does not say."""
    subset_digest: str | None = None
    """Of the kept ids; None where the set is whole, or an old plan does not say."""
    equal: str = "epochs"
    """What a pruned run has as many of as the unpruned one: "epochs" or "steps". The unpruned one is the same for both, and
    has "epochs"."""
    unscaled: Mapping[str, Any] = field(default_factory=dict)
    """At equal steps, the settings that were scaled, as the unpruned run has them; by the names that `train` takes."""
    first: TrainSpec | None = None
    """The run that a second stage starts from; None where the run is of one stage."""
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    """How it is computed."""


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One training, of which no more may be known than what it is to be."""

    spec: TrainSpec

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.spec.name

    @property
    def method(self) -> str:
        return self.spec.method

    @property
    def strategy(self) -> str | None:
        """What pruned the set, None where it is whole."""
        return self.spec.strategy

    @property
    def metric(self) -> str | None:
        """What the strategy ranked by, if it ranks."""
        return self.spec.metric

    @property
    def ratio(self) -> float:
        """The fraction removed."""
        return self.spec.ratio

    @property
    def seed(self) -> int:
        return self.spec.seed


@dataclass(frozen=True, kw_only=True)
class FailedRun(PlannedRun):
    """A training that could not be done."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class TrainResult(PlannedRun):
    """What a trained run reached after its last epoch, and everything that made it."""

    data: str | None
    """What was named as --data."""
    subset: str | None
    """Label and ratio of the subset trained on, None for the whole set."""
    n_train: int
    class_counts: tuple[int, ...]
    evaluation: Evaluation
    loss: tuple[float, ...]
    """Mean training loss of each epoch."""
    seconds: float
    """Training time alone, summed over interruptions."""
    versions: Mapping[str, str]
