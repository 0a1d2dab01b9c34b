"""The three kinds of sealed files: sets, scores and subsets. Each holds its index, so each can be read alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.compute import Arithmetic
from lt_prune.errors import ArgumentError, FileError
from lt_prune.given import expect, expect_path, known_keywords
from lt_prune.store.checks import (
    arithmetic_of,
    check_index,
    check_scores,
    check_set,
    check_subset,
    flag_of,
    origin_of,
    published_of,
    recipe_of,
)
from lt_prune.store.hdf5 import AGAIN, Document, open_document, write_document
from lt_prune.store.output import stands
from lt_prune.types import (
    CHUNK,
    Array,
    HeldOut,
    LongTailedSet,
    MetricScores,
    Pixels,
    Published,
    SampleIndex,
    ScoreSet,
    Subset,
)

PIXELS, TEST_PIXELS = "pixels", "test/pixels"
"""Arrays of a set that are as large as all its images."""
_NARROW = ("labels", "source_index")
"""Arrays of a published file that are as narrow as they can be."""


@known_keywords
def write_set(path: Path | str, data: LongTailedSet, *, overwrite: bool = False) -> None:
    """Write a long-tailed set with its pixels, unless the file holds it already.

    Raises:
        ArgumentError: the set is streamed, or contradicts itself.
        MismatchError: the file holds another set, which is replaced where `overwrite` says so.
    """
    expect("data", data, LongTailedSet, "a LongTailedSet")
    expect_path("path", path)
    check_held(data.index.name, data.pixels, data.test_pixels)
    check_set(data)
    if not overwrite and set_stands(path, data):
        return
    arrays = {PIXELS: data.pixels[:], TEST_PIXELS: data.test_pixels[:], "test/labels": data.test_labels}
    if data.test_file_names is not None:
        arrays["test/file_names"] = np.array(data.test_file_names, dtype=object)
    _write(path, "set", data.index, arrays, {"/": {"flip": int(data.flip)}})


def check_held(name: str, *images: Pixels) -> None:
    """Refuse images that a set file cannot hold.

    Raises:
        ArgumentError: some are streamed; `name` is that of their set.
    """
    if not all(isinstance(some, np.ndarray) for some in images):
        raise ArgumentError(
            f"{name} is streamed from its folder, and a set file holds the pixels: name the folder as --data instead of a "
            f"set file, or read it with --loading memory"
        )


@known_keywords
def read_set(path: Path | str) -> LongTailedSet:
    """Read a long-tailed set; raises FileError as `open_document` does."""
    with _reading(path, "set") as document:
        return _set(document)


def read_set_index(path: Path | str) -> SampleIndex:
    """Read which samples a set file lists; its images are checked like those of `read_set`, but not held.

    Raises:
        FileError: as `open_document` does.
    """
    with _reading(path, "set", left=(PIXELS, TEST_PIXELS)) as document:
        return _set(document).index


def _set(document: Document) -> LongTailedSet:
    data = LongTailedSet(
        index=_index(document),
        pixels=document.arrays[PIXELS],
        test_pixels=document.arrays[TEST_PIXELS],
        test_labels=document.arrays["test/labels"],
        flip=flag_of("flip", document.attributes["/"]["flip"]),
        test_file_names=_names(document, "test/file_names"),
    )
    check_set(data)
    return data


def set_stands(path: Path | str, data: LongTailedSet) -> bool:
    """Whether a file holds this set already; False where there is none.

    Raises:
        MismatchError: it holds another one.
    """
    return stands(Path(path), "set", _set_facts(data), _facts_of_set)


def _facts_of_set(file: Path) -> dict[str, Any]:
    """Those of the set in a file, of whose images only a part is held at a time: another set is held already."""
    with _reading(file, "set", left=(PIXELS, TEST_PIXELS)) as document:
        return _set_facts(_set(document))


def _set_facts(data: LongTailedSet) -> dict[str, Any]:
    return {
        **_index_facts(data.index),
        "test images": _hash(data.test_pixels),
        "test labels": _hash(data.test_labels),
        "flip": data.flip,
    }


@known_keywords
def write_scores(path: Path | str, scores: ScoreSet, *, overwrite: bool = False) -> None:
    """Write scores, unless the file holds them already; the layout is documented in docs/formats.md.

    Raises:
        MismatchError: the file holds others, which are replaced where `overwrite` says so.
    """
    expect("scores", scores, ScoreSet, "a ScoreSet")
    check_scores(scores)
    expect_path("path", path)
    if not overwrite and stands(Path(path), "scores", _score_facts(scores), lambda file: _score_facts(read_scores(file))):
        return
    arrays, attributes = _made_by(scores)
    for name, metric in scores.metrics.items():
        place = f"metrics/{name}"
        parts = _means(metric) if scores.published else _rows(metric)
        arrays |= {f"{place}/{part}": array for part, array in parts.items() if array is not None}
        attributes[place] = {"higher_is_harder": int(metric.higher_is_harder), "equation": metric.equation}
    if scores.published:
        arrays |= {name: _narrow(getattr(scores.index, name)) for name in _NARROW}
    _write(path, "scores", scores.index, arrays, attributes)


def _rows(metric: MetricScores) -> dict[str, Array | None]:
    rounded = {part: getattr(metric, part).astype(np.float32) for part in ("per_member", "mean", "std")}
    exact = metric.per_member if metric.per_member.dtype == np.float64 else None
    return {**rounded, "exact": exact, "nearest": metric.nearest}


def _means(metric: MetricScores) -> dict[str, Array | None]:
    return {"mean": metric.mean, "least": metric.lowest, "nearest": metric.nearest}


def _narrow(numbers: Array) -> Array:
    """Whole numbers from 0 on, in as few bytes as hold the largest."""
    return numbers.astype(np.min_scalar_type(int(numbers.max())))


def _made_by(scores: ScoreSet) -> tuple[dict[str, Array], dict[str, Mapping[str, Any]]]:
    """Arrays and attributes that say how scores were made: by which members, or that they were made elsewhere."""
    if scores.origin:
        return {}, {"/": {"origin": asdict(scores.origin)}}
    assert scores.recipe, "members have one"
    arrays: dict[str, Array] = {
        "members/seeds": np.array(scores.seeds, dtype=np.int64),
        "members/train_accuracy": scores.train_accuracy,
        "members/seconds": scores.seconds,
    }
    own: dict[str, Any] = {"recipe": asdict(scores.recipe), "versions": dict(scores.versions)}
    own |= {} if scores.ensemble is None else {"ensemble": scores.ensemble}
    own |= {"published": asdict(scores.published)} if scores.published else {}
    attributes: dict[str, Mapping[str, Any]] = {
        "/": own,
        "members": {"arithmetic": [asdict(each) for each in scores.arithmetic]},
    }
    if (held_out := scores.held_out) is not None:
        arrays |= {"held_out/accuracy": held_out.accuracy, "held_out/seconds": held_out.seconds}
        attributes["held_out"] = {"arithmetic": [asdict(each) for each in held_out.arithmetic]}
    return arrays, attributes


def _score_facts(scores: ScoreSet) -> dict[str, Any]:
    made_by: dict[str, Any] = {"origin": str(scores.origin)} if scores.origin else {"members": len(scores.seeds)}
    made_by |= {"published": str(scores.published)} if scores.published else {}
    recipe = vars(scores.recipe) if scores.recipe else {}
    return {**_index_facts(scores.index), **made_by, "scores": scores.digest, **recipe}


@known_keywords
def read_scores(path: Path | str) -> ScoreSet:
    """Read scores; raises FileError as `open_document` does."""
    with _reading(path, "scores") as document:
        scores = _scores(document, document.attributes["/"])
        check_scores(scores)
        if not scores.published:
            _check_means(document, scores)
        return scores


def _scores(document: Document, own: Mapping[str, Any]) -> ScoreSet:
    published = published_of(json.loads(own["published"])) if "published" in own else None
    index = _index(_widened(document) if published else document)
    metrics = {
        place.removeprefix("metrics/"): MetricScores(
            per_member=_rows_of(document.arrays, place, published),
            higher_is_harder=flag_of("higher_is_harder", attributes["higher_is_harder"]),
            equation=attributes["equation"],
            nearest=document.arrays.get(f"{place}/nearest"),
            lowest=document.arrays.get(f"{place}/least"),
        )
        for place, attributes in document.attributes.items()
        if place.startswith("metrics/")
    }
    if "origin" in own:
        return ScoreSet.made_elsewhere(index, metrics, origin_of(json.loads(own["origin"])))
    return ScoreSet(
        index=index,
        metrics=metrics,
        seeds=tuple(int(seed) for seed in document.arrays["members/seeds"]),
        train_accuracy=document.arrays["members/train_accuracy"],
        seconds=document.arrays["members/seconds"],
        recipe=recipe_of(json.loads(own["recipe"])),
        versions=json.loads(own["versions"]),
        ensemble=own.get("ensemble"),
        arithmetic=_arithmetic(document),
        held_out=_held_out(document),
        published=published,
    )


def _widened(document: Document) -> Document:
    """The document with places and labels in the type that they have in memory."""
    arrays = dict(document.arrays)
    arrays |= {name: arrays[name].astype(np.int64) for name in _NARROW if arrays[name].dtype.kind == "u"}
    return replace(document, arrays=arrays)


def _rows_of(arrays: Mapping[str, Array], place: str, published: Published | None) -> Array:
    """What is ranked by: members' scores, or the means of them that were published."""
    if published:
        return arrays[f"{place}/mean"][None]
    return arrays.get(f"{place}/exact", arrays[f"{place}/per_member"])


def _check_means(document: Document, scores: ScoreSet) -> None:
    """What other programs read must be made of what this one reads."""
    for name, metric in scores.metrics.items():
        rounded = metric.per_member.astype(np.float32)
        if not np.array_equal(document.arrays[f"metrics/{name}/per_member"], rounded):
            raise ArgumentError(f"what is exact of {name} is not what was rounded")
        for part in ("mean", "std"):
            written = document.arrays[f"metrics/{name}/{part}"]
            if not np.allclose(written, getattr(metric, part), rtol=1e-4, atol=1e-6):
                raise ArgumentError(f"the {part} of {name} is not that of its members")


def _arithmetic(document: Document) -> tuple[Arithmetic, ...]:
    """How each member was computed; in files of schema 1 all were alike, and the first of them do not say how."""
    own = document.attributes.get("members", {}).get("arithmetic")
    if own is not None:
        return tuple(map(arithmetic_of, json.loads(own)))
    shared = arithmetic_of(json.loads(document.attributes["/"].get("computed", "{}")))
    return (shared,) * len(document.arrays["members/seeds"])


def _held_out(document: Document) -> HeldOut | None:
    if "held_out" not in document.attributes:
        return None
    return HeldOut(
        accuracy=document.arrays["held_out/accuracy"],
        seconds=document.arrays["held_out/seconds"],
        arithmetic=tuple(map(arithmetic_of, json.loads(document.attributes["held_out"]["arithmetic"]))),
    )


@known_keywords
def write_subset(path: Path | str, subset: Subset, *, overwrite: bool = False) -> None:
    """Write a subset, unless the file holds it already: the kept and the removed ids, and everything that decided it.

    Raises:
        MismatchError: the file holds another subset, which is replaced where `overwrite` says so.
    """
    expect("subset", subset, Subset, "a Subset")
    check_subset(subset)
    expect_path("path", path)
    if not overwrite and subset_stands(path, subset):
        return
    arrays = {"kept_ids": subset.kept_ids, "removed_ids": subset.removed_ids}
    attributes = {"strategy": subset.strategy, "ratio": subset.ratio, "options": dict(subset.options)}
    _write(path, "subset", subset.index, arrays, {"/": attributes})


def subset_stands(path: Path | str, subset: Subset) -> bool:
    """Whether a file holds this subset already; False where there is none.

    Raises:
        MismatchError: it holds another one.
    """
    return stands(Path(path), "subset", _subset_facts(subset), lambda file: _same_facts(file, subset))


def _subset_facts(subset: Subset) -> dict[str, Any]:
    chosen_by = {"strategy": subset.strategy, "ratio": subset.ratio, **subset.options}
    chosen_by |= chosen_by.pop("settings", {})
    chosen_by |= {name: _hash(chosen_by[name]) for name in ("force_keep", "force_drop") if name in chosen_by}
    return {**_index_facts(subset.index), **chosen_by, "kept samples": subset.digest}


def _same_facts(file: Path, asked: Subset) -> dict[str, Any]:
    """Those of the subset in a file; the first versions kept fewer of its options."""
    there = read_subset(file)
    known = {name: there.options.get(name, value) for name, value in asked.options.items()}
    return _subset_facts(replace(there, options=known))


@known_keywords
def read_subset(path: Path | str) -> Subset:
    """Read a subset; raises FileError as `open_document` does."""
    with _reading(path, "subset") as document:
        index = _index(document)
        attributes = document.attributes["/"]
        subset = Subset(
            index=index,
            kept=np.isin(index.ids, document.arrays["kept_ids"]),
            strategy=attributes["strategy"],
            ratio=attributes["ratio"],
            options=json.loads(attributes["options"]),
        )
        check_subset(subset)
        for part in ("kept_ids", "removed_ids"):
            if not np.array_equal(document.arrays[part], getattr(subset, part)):
                raise ArgumentError(f"{part} are not those of its samples")
        return subset


@contextmanager
def _reading(path: Path | str, kind: str, left: Collection[str] = ()) -> Iterator[Document]:
    """A document whose missing or odd fields are an error of the file; the arrays in `left` are left in it."""
    expect_path("path", path)
    with open_document(Path(path), kind, left) as document:
        try:
            yield _renamed(document)
        except KeyError as error:
            raise FileError(f"{path} is sealed, but is no whole {kind} file ({error} is missing): {AGAIN}") from None
        except (OSError, TypeError, ValueError, AttributeError, RecursionError, ArgumentError) as error:
            raise FileError(f"{path} is sealed, but is no whole {kind} file ({error}): {AGAIN}") from None


def _renamed(document: Document) -> Document:
    """The document with the names of today, where an older version wrote it."""
    arrays = {re.sub(r"(?<=/)spread$", "std", name): array for name, array in document.arrays.items()}
    attributes = dict(document.attributes)
    if "positions" in arrays:
        arrays["source_index"] = arrays.pop("positions")
    for place, own in attributes.items():
        if "hard" in own:
            attributes[place] = {**own, "higher_is_harder": {"high": 1, "low": 0}.get(own["hard"])}
    return Document(arrays, attributes)


def _write(
    path: Path | str, kind: str, index: SampleIndex, arrays: Mapping[str, Array], attributes: Mapping[str, Mapping[str, Any]]
) -> None:
    expect_path("path", path)
    index_arrays = {
        "ids": index.ids,
        "labels": index.labels,
        "source_index": index.source_index,
        "class_names": np.array(index.class_names, dtype=object),
    }
    if index.file_names:
        index_arrays["file_names"] = np.array(index.file_names, dtype=object)
    own = {
        "name": index.name,
        "data_digest": index.digest,
        "groups": list(index.groups),
        "source": index.source,
        "source_size": index.source_size,
        "built": dict(index.built),
        "reading": dict(index.reading),
    }
    merged = {**attributes, "/": {**own, **attributes["/"]}}
    write_document(Path(path), kind, Document({**index_arrays, **arrays}, merged))


def _index_facts(index: SampleIndex) -> dict[str, Any]:
    """What tells one index from another: the samples, and where each lies in its source, however that was named."""
    return {
        "source": index.source,
        "name": index.name,
        "samples": index.digest,
        "places in the source": _hash(index.source_index),
        "file names": _hash(index.file_names or ()),
        "class names": _hash(index.class_names),
        "groups": tuple(index.groups),
    }


def _hash(values: Any) -> str:
    """SHA-256, in hexadecimal, of an array, also one in a file, or of texts."""
    if not hasattr(values, "dtype") or values.dtype.kind in "UO":
        return hashlib.sha256(json.dumps(np.asarray(values).tolist()).encode()).hexdigest()
    digest = hashlib.sha256()
    for start in range(0, len(values), CHUNK):
        digest.update(np.ascontiguousarray(values[start : start + CHUNK]).data)
    return digest.hexdigest()


def _names(document: Document, place: str) -> tuple[str, ...] | None:
    found = document.arrays.get(place)
    return None if found is None else tuple(found)


def _index(document: Document) -> SampleIndex:
    attributes = document.attributes["/"]
    head_end, tail_start = json.loads(attributes["groups"])
    index = SampleIndex(
        name=attributes["name"],
        ids=document.arrays["ids"],
        labels=document.arrays["labels"],
        class_names=tuple(document.arrays["class_names"]),
        groups=(head_end, tail_start),
        source=attributes["source"],
        source_size=attributes["source_size"],
        source_index=document.arrays["source_index"],
        file_names=_names(document, "file_names"),
        built=json.loads(attributes["built"]),
        reading=json.loads(attributes.get("reading", "{}")),
    )
    check_index(index)
    if attributes["data_digest"] != index.digest:
        raise ArgumentError("data_digest is not that of its ids")
    return index
