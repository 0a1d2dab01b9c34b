"""What flows from step to step: small frozen dataclasses of plain arrays, each saved to one file and read back whole.

Shapes: N training samples, M classes, K ensemble members, H x W pixels of C channels, T test samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lt_prune import choices
from lt_prune.config.compute import Arithmetic
from lt_prune.config.reading import HOLDOUT, so_again, told_apart
from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError, DataError, MismatchError
from lt_prune.faces import Shown
from lt_prune.percent import percent

Array = npt.NDArray[Any]
CHUNK = 256
"""Images looked at together in a pass over a set, so that no pass needs all of them in memory."""


class Pixels(Protocol):
    """Samples: images uint8 (N, H, W, C), an array of them or files that are read as they are indexed; or embeddings float32
    (N, D)."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Array: ...


def kind_of(samples: Pixels) -> str:
    """What samples are: "images", or "embeddings"."""
    return "embeddings" if len(samples.shape) == 2 else "images"


GROUPS = choices.GROUPS
_AGAIN = "make it again from this data"


def hex_id(sample: int) -> str:
    """A sample's id as text has it, 16 hexadecimal digits."""
    return f"{sample:016x}"


def digest_of(ids: Array) -> str:
    """SHA-256 of ascending ids, in hexadecimal."""
    return hashlib.sha256(ids.astype("<u8").tobytes()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleIndex:
    """Which samples a data set has: one row a training sample, in ascending order of id, whatever order the source had.

    A sample is known by its content (see `lt_prune.data.identity`), so two copies of the same data give the same index.
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
    source_index: Array
    """int64 (N,): place of each sample in the source's own training split."""
    file_names: tuple[str, ...] | None = None
    """For file sources, each sample's path below the source's root."""
    built: Mapping[str, Any] = field(default_factory=dict)
    """Profile, imbalance ratio, seed and selection that cut the set from its source."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How the source was read, where that decides its images and was not left at its default (`Reading.kept`)."""

    def __repr__(self) -> str:
        return f"<SampleIndex {self.name}: {self.n_samples:,} samples, {self.n_classes} classes>"

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

    def told(self, row: int) -> dict[str, Any]:
        """What tells a sample from others: id (16 hexadecimal digits), file (None where the source has no files) and
        source_index."""
        file = self.file_names[row] if self.file_names else None
        return {"id": hex_id(self.ids[row]), "file": file, "source_index": int(self.source_index[row])}

    def require_same(self, other: SampleIndex, what: str, *, again: str = _AGAIN, by_names: str = "") -> None:
        """Refuse `other` unless it lists the very same samples.

        Raises:
            MismatchError: says what tells them apart: how they were read, their pixels alone, or how many ids match; `what`
                names the thing that `other` belongs to, `again` says how to have it made of these, and `by_names` what else
                can be done where only pixels differ.
        """
        if self.digest == other.digest:
            return
        differing = told_apart(other.reading, self.reading)
        if differing and (self.source == other.source or self.by_file.keys() == other.by_file.keys()):
            so = so_again(other.reading, self.reading)
            raise MismatchError(f"{what} was made with {differing}: {so}, or {again}")
        if n_changed := self._changed_pixels(other):
            raise MismatchError(
                f"{what} names the same files with the same labels as {self.name}, but the pixels of {n_changed:,} of "
                f"{self.n_samples:,} differ, as they do by another JPEG decoder: {again}{by_names}"
            )
        common = len(np.intersect1d(self.ids, other.ids, assume_unique=True))
        raise MismatchError(
            f"{what} was made from other data: {common:,} of its {other.n_samples:,} sample ids are among the "
            f"{self.n_samples:,} of {self.name}; {again}, or name the data it was made from"
        )

    def _changed_pixels(self, other: SampleIndex) -> int:
        """How many samples have another id, where both list the same files with the same labels; otherwise 0."""
        mine, theirs = self.by_file, other.by_file
        return len(np.setdiff1d(self.ids, other.ids)) if mine and mine.keys() == theirs.keys() else 0

    @cached_property
    def by_file(self) -> dict[tuple[str, int], int]:
        """The row of each file name and label; empty where there are no names."""
        return {key: row for row, key in enumerate(zip(self.file_names or (), self.labels.tolist()))}


@dataclass(frozen=True, kw_only=True, eq=False)
class LongTailedSet(Shown):
    """A long-tailed training set and its untouched test set, with pixels."""

    index: SampleIndex
    pixels: Pixels
    """Images uint8 (N, H, W, C), or embeddings float32 (N, D), in the index's order."""
    test_pixels: Pixels
    """uint8 (T, H, W, C), or float32 (T, D)."""
    test_labels: Array
    """int64 (T,)."""
    flip: bool
    """Whether a mirrored image still shows the same class (not so for digits)."""
    test_file_names: tuple[str, ...] | None = None
    """For file sources, each test sample's path below the source's root; files of earlier versions have none."""
    origin: str | None = None
    """What to name as --data to get this set again, where that is known."""

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.pixels.shape[1:]))
        sizes = f"{self.index.n_samples:,} training and {len(self.test_labels):,} test {self.kind} of {shape}"
        return f"<LongTailedSet {self.index.name}: {sizes}, {self.index.n_classes} classes>"

    @property
    def kind(self) -> str:
        """What its samples are: "images" or "embeddings"."""
        return kind_of(self.pixels)

    @property
    def streamed(self) -> bool:
        """Whether the images are read from their files as they are needed, instead of held in memory."""
        return not (isinstance(self.pixels, np.ndarray) and isinstance(self.test_pixels, np.ndarray))

    def require_test(self) -> None:
        """Refuse a set without test images.

        Raises:
            DataError: there are none.
        """
        if not len(self.test_labels):
            raise DataError(
                f"{self.index.name} has no test images to report on: add a test split (test/CLASS/ or x_test, y_test), or "
                f"have one held out with --holdout {HOLDOUT:g}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class MetricScores:
    """One metric's scores by every member of an ensemble."""

    per_member: Array
    """float32 (K, N); float64 of scores made elsewhere some of which would be the same in float32, and are not; of published
    scores (1, N), the means."""
    higher_is_harder: bool
    """Whether a higher score means a harder sample."""
    equation: str
    """Where the metric is defined."""
    nearest: Array | None = None
    """int32 (N,): of a metric that compares a sample with others, the row of the other that its least score is of: in the
    set, or among its test samples by `near-test`; -1 where there is none. None of other metrics, and in older files."""
    lowest: Array | None = None
    """float32 (N,): of published scores, the least by any member, where the metric compares a sample with others."""

    def joined(self, more: MetricScores) -> MetricScores:
        """Scores by these members, and by more of them."""
        nearest = None
        if self.nearest is not None and more.nearest is not None:
            nearest = np.where(more.least < self.least, more.nearest, self.nearest)
        return replace(more, per_member=np.vstack([self.per_member, more.per_member]), nearest=nearest)

    @property
    def least(self) -> Array:
        """float32 (N,): the least score by any member."""
        return np.asarray(self.per_member.min(axis=0)) if self.lowest is None else self.lowest

    def __repr__(self) -> str:
        n_rows, n_samples = self.per_member.shape
        harder = "higher" if self.higher_is_harder else "lower"
        return f"<MetricScores: {n_samples:,} samples, {n_rows} row{'s' * (n_rows != 1)}, {harder} is harder>"

    @cached_property
    def mean(self) -> Array:
        """(N,), of the same type: mean over members, the score that pruning uses."""
        return np.asarray(self.per_member.mean(axis=0, dtype=np.float64), dtype=self.per_member.dtype)

    @property
    def difficulty(self) -> Array:
        """(N,), of the same type: the mean turned so that higher is harder, whichever way the metric counts."""
        return self.mean if self.higher_is_harder else -self.mean

    @cached_property
    def std(self) -> Array:
        """(N,), of the same type: standard deviation over members (0 with one member)."""
        return np.asarray(self.per_member.std(axis=0, dtype=np.float64), dtype=self.per_member.dtype)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where scores are from that no ensemble of ours has made."""

    file: str
    """The file that they were in, or what else they were, such as "an array"."""
    sha256: str
    """Of the file, or of the numbers, in hexadecimal."""
    made_by: str = ""
    """Who or what made them, as whoever brought them says."""

    def __str__(self) -> str:
        by = f", by {self.made_by}" if self.made_by else ""
        return f"made elsewhere: {self.file}, sha256 {self.sha256}{by}"


@dataclass(frozen=True, kw_only=True)
class Published:
    """Which score file of every member published scores are the means of."""

    file: str
    """Its place in the repository."""
    sha256: str
    """Of the file, in hexadecimal."""

    def __str__(self) -> str:
        return f"published with lt-prune, the means of {self.file}, sha256 {self.sha256}"


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """The networks that `label-noise` is made of: each was trained on all folds but one of the samples, and predicts it."""

    accuracy: Array
    """float64 (F,): of each on the samples of its fold."""
    seconds: Array
    """float64 (F,): training time of each."""
    arithmetic: tuple[Arithmetic, ...]
    """How each was computed."""

    @property
    def folds(self) -> int:
        """F."""
        return len(self.seconds)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreSet(Shown):
    """Scores of every training sample by every metric and member; or those made elsewhere, of which nothing is known but
    their `origin`: they have no members, recipe or versions, and a row for each time that the samples were scored."""

    index: SampleIndex
    metrics: Mapping[str, MetricScores]
    seeds: tuple[int, ...]
    """The K members' seeds, all different."""
    train_accuracy: Array
    """float64 (K,): each member's accuracy on the samples it was trained on, in evaluation mode."""
    seconds: Array
    """float64 (K,): each member's training time."""
    recipe: Recipe | None
    """How members were trained; None of scores made elsewhere."""
    versions: Mapping[str, str]
    """Library versions the scores were made with."""
    ensemble: int | None = None
    """The seed that names the ensemble; None where an old file does not say, and of scores made elsewhere."""
    arithmetic: tuple[Arithmetic, ...] = ()
    """How each of the K members was computed; where nothing says it, in float32 on a CPU."""
    held_out: HeldOut | None = None
    """Networks besides the members, for metrics of samples that a network did not train on; None where there are none."""
    origin: Origin | None = None
    """Of scores made elsewhere, where they are from."""
    published: Published | None = None
    """Of published scores, which are means alone: their K members are known, and what each has said is not here."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arithmetic", self.arithmetic or (Arithmetic(),) * len(self.seeds))

    def __repr__(self) -> str:
        members = f"{'means of ' * (self.published is not None)}{len(self.seeds)} member{'s' * (len(self.seeds) != 1)}"
        by = "made elsewhere" if self.origin else members
        return f"<ScoreSet {self.index.name}: {self.index.n_samples:,} samples, {by}, metrics {', '.join(self.metrics)}>"

    @property
    def digest(self) -> str:
        """Hexadecimal digest of every member's seed and scores, of published ones the means, by name of metric."""
        content = hashlib.sha256(np.array(self.seeds, dtype="<i8").tobytes())
        for name in sorted(self.metrics):
            rows, lowest = self.metrics[name].per_member, self.metrics[name].lowest
            content.update(name.encode() + rows.astype(rows.dtype.newbyteorder("<")).tobytes())
            content.update(b"" if lowest is None else lowest.astype("<f4").tobytes())
        return content.hexdigest()

    @property
    def main(self) -> str:
        """The metric that is meant where none is named: AVH, or of scores made elsewhere the only one that there is."""
        return next(iter(self.metrics)) if self.origin and len(self.metrics) == 1 else "avh"

    @property
    def shown(self) -> str:
        """The metric that is told of where none is named: `main`, or the first by name where that is not there."""
        return self.main if self.main in self.metrics else min(self.metrics)

    def spread(self, name: str) -> Array | None:
        """(N,): the standard deviation over members by a metric; None of published means, and where one row was made
        elsewhere, of which nobody knows."""
        unknown = self.published or (self.origin and len(self.metric(name).per_member) == 1)
        return None if unknown else self.metric(name).std

    @property
    def members_here(self) -> int | None:
        """How many members' own scores there are; None of scores made elsewhere and of published means."""
        return None if self.origin or self.published else len(self.seeds)

    @staticmethod
    def made_elsewhere(index: SampleIndex, metrics: Mapping[str, MetricScores], origin: Origin) -> ScoreSet:
        """Scores of which nothing is known but where they are from."""
        nothing = np.zeros(0)
        return ScoreSet(
            index=index,
            metrics=metrics,
            seeds=(),
            train_accuracy=nothing,
            seconds=nothing,
            recipe=None,
            versions={},
            origin=origin,
        )

    def metric(self, name: str) -> MetricScores:
        """Scores of one metric.

        Raises:
            ArgumentError: the metric is not among those stored.
        """
        if name not in self.metrics:
            raise ArgumentError(f"there are no {name!r} scores here, only {', '.join(self.metrics)}: name one of these")
        return self.metrics[name]


CONTROL = "like+random+as="
"""How the strategy of a matched control begins: random samples, as many of each class as another subset keeps; behind it
comes what that one is called, or its digest."""
LIKE = "random like "
"""How it begins in words."""


def label_of(strategy: str | None, metric: str | None) -> str:
    """Short name of what pruned: the metric for "ranked", "random like" that of another for its matched control, otherwise
    the strategy, and its metric if any; "" of nothing."""
    if metric and strategy == "ranked":
        return metric
    if strategy and strategy.startswith(CONTROL):
        strategy = f"{LIKE}{strategy.removeprefix(CONTROL)}"
    return " ".join(part for part in (strategy, metric) if part)


@dataclass(frozen=True, kw_only=True, eq=False)
class Subset(Shown):
    """Which samples of an index a pruning kept, and everything that decided it."""

    index: SampleIndex
    kept: Array
    """bool (N,), in the index's order."""
    strategy: str
    ratio: float
    """The fraction asked to be removed."""
    options: Mapping[str, Any]
    """Seed; budget, selection and their settings; and where scores decided, metric, number of members, and seed of the
    ensemble and digest of the scores used. Files of earlier versions lack some."""

    def __repr__(self) -> str:
        kept, n_samples = int(self.kept.sum()), self.index.n_samples
        sizes = f"{kept:,} of {n_samples:,} samples kept, {percent(1 - kept / n_samples)} removed"
        return f"<Subset of {self.index.name} by {self.label}: {sizes}>"

    @property
    def label(self) -> str:
        """Short name of what chose, see `label_of`."""
        return label_of(self.strategy, self.options.get("metric"))

    @property
    def kept_ids(self) -> Array:
        return self.index.ids[self.kept]

    @property
    def removed_ids(self) -> Array:
        return self.index.ids[~self.kept]

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digest of the kept ids."""
        return digest_of(self.kept_ids)

    @cached_property
    def kept_counts(self) -> Array:
        """int64 (M,): kept samples of each class."""
        return np.bincount(self.index.labels[self.kept], minlength=self.index.n_classes)
