"""What sets, scores, subsets and results must hold. Each is checked here when it is read and when it is written, so that
what a file says can be relied on, whoever made it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lt_prune.choices import EQUAL
from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe, as_today
from lt_prune.data.identity import content_digests, occurrences, sample_ids
from lt_prune.errors import ArgumentError
from lt_prune.given import expect, expect_known, expect_whole, like
from lt_prune.runs import BINS, Calibration, Confusion, Evaluation, TrainResult, TrainSpec
from lt_prune.store.names import check_name, check_path
from lt_prune.types import (
    CHUNK,
    Array,
    HeldOut,
    LongTailedSet,
    MetricScores,
    Origin,
    Pixels,
    Published,
    SampleIndex,
    ScoreSet,
    Subset,
    hex_id,
)


def check_index(index: SampleIndex) -> None:
    """Refuse a list of samples that contradicts itself, or names what cannot be a name.

    Raises:
        ArgumentError: says what is wrong, as every function here does.
    """
    n, m = len(index.ids), len(index.class_names)
    check_name("the set's name", index.name)
    _expect_array("ids", index.ids, np.uint64, n)
    _expect_array("labels", index.labels, np.int64, n)
    _expect_array("source_index", index.source_index, np.int64, n)
    expect("source", index.source, str, "text")
    expect("built", index.built, Mapping, "options by name")
    expect_whole("source_size", index.source_size, low=n)
    _require(n > 0, "it lists no sample")
    _require((index.ids[1:] > index.ids[:-1]).all(), "ids must be ascending, each once")
    _expect_within("labels", index.labels, m)
    _expect_within("source_index", index.source_index, index.source_size)
    _require(len(np.unique(index.source_index)) == n, "places in the source must differ")
    for name in index.class_names:
        check_path("the class name", name)
    _require(len(set(index.class_names)) == m, "class names must differ")
    head_end, tail_start = index.groups
    expect_whole("head_end", head_end)
    expect_whole("tail_start", tail_start)
    _require(0 < head_end <= tail_start <= m, f"groups must be ranges over {m} classes, not {index.groups}")
    if index.file_names is not None:
        _check_names("file names", index.file_names, n)


def _check_names(what: str, names: Sequence[str], n: int) -> None:
    _require(len(names) == n, f"{len(names):,} {what} are not of {n:,} samples")
    for name in names:
        check_path("the file name", name)


def check_set(data: LongTailedSet) -> None:
    """Refuse a set whose images, labels and ids are not of each other."""
    index, tested = data.index, len(data.test_labels)
    check_index(index)
    _expect_array("test labels", data.test_labels, np.int64, tested)
    _expect_within("test labels", data.test_labels, index.n_classes)
    if data.test_file_names is not None:
        _check_names("test file names", data.test_file_names, tested)
    _expect_samples("pixels", data.pixels, index.n_samples)
    _expect_samples("test pixels", data.test_pixels, tested)
    shape, test_shape = data.pixels.shape[1:], data.test_pixels.shape[1:]
    _require(shape == test_shape, f"training images are {shape} and test images {test_shape}: they must be of one shape")
    digests = content_digests(data.pixels, index.labels)
    made = sample_ids(digests, occurrences(digests))
    as_listed, as_made = (ids[np.lexsort((ids, digests))] for ids in (index.ids, made))
    _require(np.array_equal(as_listed, as_made), "ids must be those of the images and their labels")


def check_scores(scores: ScoreSet) -> None:
    """Refuse scores of no member, scores that are no finite numbers, and more or fewer of them than members and samples."""
    check_index(scores.index)
    _require(len(scores.metrics) > 0, "it holds scores of no metric")
    k = _check_origin(scores) if scores.origin else _check_members(scores)
    if scores.published:
        _require(str(scores.published).isprintable(), "what was published must be said without control characters")
        k = 1
    for name, metric in scores.metrics.items():
        _check_metric(check_name("a metric's name", name), metric, k, scores.index.n_samples, scores.origin)
        _require(scores.published or metric.lowest is None, f"the least by {name} is told by its members")
    expect("versions", scores.versions, Mapping, "versions by library")


def _check_origin(scores: ScoreSet) -> int:
    """How many rows there are of scores made elsewhere, which say nothing of members."""
    said = (*scores.seeds, *scores.train_accuracy, *scores.seconds, *scores.arithmetic, *scores.versions)
    known = scores.recipe is not None or scores.ensemble is not None or scores.published
    _require(not said and not known, "scores made elsewhere have no members")
    _require(str(scores.origin).isprintable(), "where scores are from must be said without control characters")
    k = min(len(metric.per_member) for metric in scores.metrics.values())
    _require(k > 0, "it holds no scores")
    return k


def _check_members(scores: ScoreSet) -> int:
    """How many members there are."""
    k = len(scores.seeds)
    _require(k > 0, "it holds scores of no member")
    expect("recipe", scores.recipe, Recipe, "a Recipe")
    _require(len(set(scores.seeds)) == k, "seeds of members must differ")
    for seed in scores.seeds:
        expect_whole("seed", seed)
    for name, numbers in (("train_accuracy", scores.train_accuracy), ("seconds", scores.seconds)):
        _expect_numbers(name, numbers, np.float64, k)
    _expect_fractions(train_accuracy=scores.train_accuracy.tolist())
    _require((scores.seconds >= 0).all(), "seconds must be 0 or more")
    _require(len(scores.arithmetic) == k, f"how it was computed must be said of {k} members")
    if scores.held_out is not None:
        _check_held_out(scores.held_out)
    if scores.ensemble is not None:
        expect_whole("ensemble", scores.ensemble)
    return k


def _check_held_out(held_out: HeldOut) -> None:
    _require(held_out.folds > 1, "there must be two folds or more")
    for name, numbers in (("accuracy", held_out.accuracy), ("seconds", held_out.seconds)):
        _expect_numbers(f"{name} of folds", numbers, np.float64, held_out.folds)
    _expect_fractions(accuracy=held_out.accuracy.tolist())
    _require((held_out.seconds >= 0).all(), "seconds of folds must be 0 or more")
    _require(len(held_out.arithmetic) == held_out.folds, f"how it was computed must be said of {held_out.folds} folds")


def _check_metric(name: str, metric: MetricScores, n_members: int, n_samples: int, origin: Origin | None) -> None:
    exact = origin and getattr(metric.per_member, "dtype", None) == np.float64
    _expect_numbers(f"{name} scores", metric.per_member, np.float64 if exact else np.float32, n_members, n_samples)
    expect(f"higher_is_harder of {name}", metric.higher_is_harder, bool, "True or False")
    expect(f"the definition of {name}", metric.equation, str, "text")
    if metric.nearest is not None:
        _expect_array(f"the nearest by {name}", metric.nearest, np.int32, n_samples)
        _require((metric.nearest >= -1).all(), f"the nearest by {name} must be rows, or -1")
    if metric.lowest is not None:
        _expect_numbers(f"the least by {name}", metric.lowest, np.float32, n_samples)


def check_subset(subset: Subset) -> None:
    """Refuse a subset of no sample, or one that nothing can have chosen."""
    check_index(subset.index)
    _expect_array("kept", subset.kept, np.bool_, subset.index.n_samples)
    _require(subset.kept.any(), "it keeps no sample")
    check_name("a strategy's name", subset.strategy)
    _expect_fractions(ratio=[subset.ratio])
    expect("options", subset.options, Mapping, "options by name")
    expect_whole("seed", subset.options.get("seed"))
    expect("settings", subset.options.get("settings", {}), Mapping, "settings by name")
    expect("dropped", dropped := subset.options.get("dropped", {}), Mapping, "numbers by name")
    for number in dropped.values():
        expect_whole("dropped", number, low=0)
    for name, kept in (("force_keep", True), ("force_drop", False)):
        expect(name, ids := subset.options.get(name, []), list, "a list of ids")
        known = {*map(hex_id, subset.kept_ids if kept else subset.removed_ids)} if ids else set()
        _require(known.issuperset(map(str, ids)), f"{name} names samples that are not so")
    for name in ("metric", "keep", "within", "budget", "selection"):
        if subset.options.get(name) is not None:
            check_name(name, subset.options[name])


def check_spec(spec: TrainSpec) -> None:
    """Refuse what says of a training what no training can be."""
    for name in ("name", "method", "prediction"):
        check_name(name, getattr(spec, name))
    for name in ("strategy", "metric", "keep", "within", "subset_digest"):
        if getattr(spec, name) is not None:
            check_name(name, getattr(spec, name))
    check_name("data_digest", spec.data_digest)
    expect_whole("seed", spec.seed)
    if spec.ensemble is not None:
        expect_whole("ensemble", spec.ensemble)
    _expect_fractions(ratio=[spec.ratio])
    _require(spec.equal in EQUAL, f"equal must be {' or '.join(EQUAL)}, not {spec.equal!r}")
    for settings in (spec.settings, spec.unscaled):
        expect("settings", settings, Mapping, "settings by name")
        for name, value in settings.items():
            _require(_is_setting(value), f"the setting {name} must be a word, a number or some numbers")
    if spec.first is not None:
        check_spec(spec.first)


def check_result(result: TrainResult) -> None:
    """Refuse a result whose numbers are none, or do not fit each other."""
    check_spec(result.spec)
    for name in ("data", "subset"):
        expect(name, getattr(result, name), (str, type(None)), "text or none")
    expect("versions", result.versions, Mapping, "versions by library")
    expect_whole("n_train", result.n_train, low=0)
    for count in result.class_counts:
        expect_whole("class_counts", count, low=0)
    _require(sum(result.class_counts) == result.n_train, "the classes' samples must be as many as were trained on")
    _expect_finite(loss=result.loss, seconds=[result.seconds])
    _require(len(result.evaluation.per_class) == len(result.class_counts), "each class must have an accuracy, or none")
    check_evaluation(result.evaluation)


def check_evaluation(evaluation: Evaluation) -> None:
    """Refuse accuracies that are no fractions, and a confusion matrix of other samples."""
    expect_whole("n_test", evaluation.n_test, low=1)
    certain = {name: [getattr(evaluation, name)] for name in ("overall", "balanced", "ece", "macro_f1")}
    groups = {name: [getattr(evaluation, name)] for name in ("head", "middle", "tail")}
    perhaps = {name: [each for each in some if each is not None] for name, some in groups.items()}
    _expect_fractions(**certain, **perhaps, per_class=[each for each in evaluation.per_class if each is not None])
    _check_confusion(evaluation.confusion, len(evaluation.per_class), evaluation.n_test)
    if evaluation.calibration is not None:
        _check_calibration(evaluation.calibration, evaluation)


def _check_calibration(bins: Calibration, evaluation: Evaluation) -> None:
    """Refuse bins of other test samples, and those that the calibration error is not of."""
    _require({len(bins.count), len(bins.right), len(bins.confidence)} == {BINS}, f"calibration must be of {BINS} bins")
    confusion = evaluation.confusion
    n_right = sum(n for true, predicted, n in zip(confusion.true, confusion.predicted, confusion.count) if true == predicted)
    gap = 0.0
    for number, (count, right, confidence) in enumerate(zip(bins.count, bins.right, bins.confidence)):
        for whole in (count, right):
            expect_whole("calibration", whole, low=0)
        _require(right <= count, "no bin of calibration can have more right than there are")
        _require((confidence is None) == (count == 0), "bins of calibration must have a mean confidence, empty ones none")
        _expect_finite(confidence=[] if confidence is None else [confidence])
        within = confidence is None or number - 1e-6 <= confidence * BINS <= number + 1 + 1e-4  # 1 may be rounded up
        _require(within, "mean confidences must lie in their bins of calibration")
        gap += abs(count * (confidence or 0) - right)
    _require(sum(bins.count) == evaluation.n_test, "calibration must hold each test sample once")
    _require(sum(bins.right) == n_right, "calibration must have as many right as the confusion matrix")
    _require(abs(gap / evaluation.n_test - evaluation.ece) <= 1e-6, "ece must be that of the bins of calibration")


def _check_confusion(confusion: Confusion, n_classes: int, n_test: int) -> None:
    cells = [*zip(confusion.true, confusion.predicted, confusion.count, strict=True)]
    for number in (number for cell in cells for number in cell):
        expect_whole("confusion", number, low=0)
    within = all(row < n_classes and column < n_classes for row, column, _ in cells)
    _require(
        confusion.num_classes == n_classes and within and len({cell[:2] for cell in cells}) == len(cells),
        f"the confusion matrix must be of {n_classes} classes, each cell once",
    )
    _require(sum(confusion.count) == n_test, "the confusion matrix must hold each test sample once")


def flag_of(name: str, value: object) -> bool:
    """A yes or no that was written as 1 or 0."""
    _require(type(value) is int and value in (0, 1), f"{name} must be 0 or 1, not {value!r}")
    return value == 1


def recipe_of(content: Mapping[str, Any]) -> Recipe:
    """A recipe of fields that were read, be it by the names of older files."""
    expect("recipe", content, Mapping, "fields by name")
    return Recipe(**_alike(as_today(content), asdict(Recipe())))


def arithmetic_of(content: Mapping[str, Any]) -> Arithmetic:
    """How a network was computed, of fields that were read."""
    return Arithmetic(**_alike(content, asdict(Arithmetic())))


def origin_of(content: Mapping[str, Any]) -> Origin:
    """Where scores made elsewhere are from, of fields that were read."""
    return Origin(**_alike(content, {"file": "", "sha256": "", "made_by": ""}))


def published_of(content: Mapping[str, Any]) -> Published:
    """Which file published scores are the means of, of fields that were read."""
    return Published(**_alike(content, {"file": "", "sha256": ""}))


def evaluation_of(content: Mapping[str, Any]) -> Evaluation:
    """Test results of fields that were read; up to schema 2 the confusion matrix was written whole."""
    confusion = content["confusion"]
    if isinstance(confusion, list):
        whole = np.array(confusion, dtype=np.int64)
        _require(whole.ndim == 2 and whole.shape[0] == whole.shape[1], "the confusion matrix must be square")
        rows, columns = np.nonzero(whole)
        cells = {"true": rows.tolist(), "predicted": columns.tolist(), "count": whole[rows, columns].tolist()}
        confusion = {"num_classes": len(whole), **cells}
    cells = {name: tuple(confusion[name]) for name in ("true", "predicted", "count")}
    kept = Confusion(num_classes=confusion["num_classes"], **cells)
    bins = content.get("calibration")
    calibration = Calibration(**{name: tuple(values) for name, values in bins.items()}) if bins is not None else None
    return Evaluation(**{**content, "per_class": tuple(content["per_class"]), "confusion": kept, "calibration": calibration})


def _alike(content: Mapping[str, Any], examples: Mapping[str, Any]) -> dict[str, Any]:
    """Fields whose values are of the kind of those in `examples`."""
    expect_known(content, examples)
    return {name: like(name, value, examples[name]) for name, value in content.items()}


def _require(holds: object, what: str) -> None:
    if not holds:
        raise ArgumentError(what)


def _expect_array(name: str, array: object, dtype: type, *shape: int) -> None:
    found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
    wanted = f"{np.dtype(dtype)} {shape}"
    _require(found == wanted, f"{name} must be {wanted}, not {found}")


def _expect_numbers(name: str, array: Array, dtype: type, *shape: int) -> None:
    _expect_array(name, array, dtype, *shape)
    _require(np.isfinite(array).all(), f"{name} must be finite numbers")


def _expect_samples(name: str, pixels: Pixels, n_samples: int) -> None:
    shape, dtype = pixels.shape, pixels.dtype
    known = (str(dtype), len(shape)) in (("uint8", 4), ("float32", 2))
    fits = known and shape[0] == n_samples and min(shape[1:]) > 0
    wanted = f"uint8 ({n_samples}, H, W, C) or float32 ({n_samples}, D)"
    _require(fits, f"{name} must be {wanted}, of a size above 0, not {dtype} {shape}")
    if dtype != np.uint8:
        chunks = (np.asarray(pixels[start : start + CHUNK]) for start in range(0, n_samples, CHUNK))
        _require(all(np.isfinite(chunk).all() for chunk in chunks), f"{name} must be finite numbers")


def _expect_within(name: str, numbers: Array, end: int) -> None:
    _require(((numbers >= 0) & (numbers < end)).all(), f"{name} must be in [0, {end})")


def _expect_finite(**given: Sequence[object]) -> None:
    for name, numbers in given.items():
        _require(all(is_number(number) for number in numbers), f"{name} must be finite numbers")


def _expect_fractions(**given: Sequence[Any]) -> None:
    _expect_finite(**given)
    for name, numbers in given.items():
        _require(all(0 <= number <= 1 + 1e-6 for number in numbers), f"{name} must be in [0, 1]")  # 1 may be rounded up


def _is_setting(value: Any) -> bool:
    plain = value is None or isinstance(value, (bool, str)) or is_number(value)
    return plain or (isinstance(value, tuple) and all(map(is_number, value)))


def is_number(given: Any) -> bool:
    """Whether something is a finite number."""
    return isinstance(given, (int, float, np.number)) and not isinstance(given, bool) and bool(abs(given) < math.inf)
