"""What a training is to be, and what came of it: plans, failures and results, each saved to one file and read back whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.faces import Shown
from lt_prune.percent import percent

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Test samples by true class (row) and predicted class (column). Only cells above 0 are kept, of which there are no more
    than test samples; `numpy.asarray` makes int64 (M, M) of them."""

    num_classes: int
    """M."""
    true: tuple[int, ...]
    """Row of each cell, ascending."""
    predicted: tuple[int, ...]
    """Column of each cell."""
    count: tuple[int, ...]
    """Test samples in each cell."""

    @staticmethod
    def of(true: Array, predicted: Array, num_classes: int) -> Confusion:
        """Of integer labels (T,) and predictions (T,)."""
        cells, count = np.unique(np.asarray(true, dtype=np.int64) * num_classes + predicted, return_counts=True)
        rows, columns = np.divmod(cells, num_classes)
        return Confusion(
            num_classes=num_classes,
            true=tuple(rows.tolist()),
            predicted=tuple(columns.tolist()),
            count=tuple(count.tolist()),
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        whole = np.zeros((self.num_classes, self.num_classes), dtype=np.int64)
        whole[list(self.true), list(self.predicted)] = self.count
        return whole if dtype is None else whole.astype(dtype)


BINS = 15
"""Of confidence: equal-width, (k/15, (k+1)/15]."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Test samples by the confidence of their prediction, in `BINS` bins (Guo et al. 2017, section 2)."""

    count: tuple[int, ...]
    """Test samples in each bin."""
    right: tuple[int, ...]
    """Those of them that are predicted right."""
    confidence: tuple[float | None, ...]
    """Mean confidence in each bin; None where it is empty."""

    @property
    def accuracy(self) -> tuple[float | None, ...]:
        """The share that is right of each bin; None where it is empty."""
        return tuple(right / count if count else None for right, count in zip(self.right, self.count))


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
    confusion: Confusion
    """Test samples by true and predicted class."""
    n_test: int
    calibration: Calibration | None = None
    """The bins that `ece` is of; None in files of earlier versions."""


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
class Place:
    """Where something lay that a run was made of."""

    absolute: str
    relative: str
    """As seen from the run's folder, so that both may be moved together."""


@dataclass(frozen=True, kw_only=True)
class TrainResult(PlannedRun, Shown):
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
    data_place: Place | None = field(default=None, compare=False)
    """Where the data lay; None where they have no place of their own, or an old file does not say."""
    subset_place: Place | None = field(default=None, compare=False)
    """Where the file of the subset lay."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How the source of the data was read, see `lt_prune.Reading.kept`."""
    root_place: Place | None = field(default=None, compare=False)
    """Of a list of files, where the root lay that it was read with; None where its paths begin beside it."""

    def __repr__(self) -> str:
        on = f"{self.subset} of {self.name}" if self.subset else self.name
        reached = f"{percent(self.evaluation.overall)} overall, {percent(self.evaluation.balanced)} balanced"
        return f"<TrainResult {self.method} on {on}, seed {self.seed}: {self.n_train:,} samples, {reached}>"
