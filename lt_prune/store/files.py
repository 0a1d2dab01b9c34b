"""The three kinds of sealed files: sets, scores and subsets. Each holds its index, so each can be read alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.compute import Arithmetic
from lt_prune.errors import ArgumentError, FileError
from lt_prune.given import expect, expect_path, known_keywords
from lt_prune.store.checks import arithmetic_of, check_index, check_scores, check_set, check_subset, flag_of, recipe_of
from lt_prune.store.hdf5 import Document, read_document, write_document
from lt_prune.types import Array, LongTailedSet, MetricScores, Pixels, SampleIndex, ScoreSet, Subset


@known_keywords
def write_set(path: Path | str, data: LongTailedSet) -> None:
    """Write a long-tailed set with its pixels.

    Raises:
        ArgumentError: the set is streamed, or contradicts itself.
    """
    expect("data", data, LongTailedSet, "a LongTailedSet")
    check_held(data.index.name, data.pixels, data.test_pixels)
    check_set(data)
    arrays = {"pixels": data.pixels[:], "test/pixels": data.test_pixels[:], "test/labels": data.test_labels}
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
    """Read a long-tailed set; raises FileError as `read_document` does."""
    with _reading(path, "set") as document:
        data = LongTailedSet(
            index=_index(document),
            pixels=document.arrays["pixels"],
            test_pixels=document.arrays["test/pixels"],
            test_labels=document.arrays["test/labels"],
            flip=flag_of("flip", document.attributes["/"]["flip"]),
        )
        check_set(data)
        return data


@known_keywords
def write_scores(path: Path | str, scores: ScoreSet) -> None:
    """Write scores; the layout is documented in scores/README.md."""
    expect("scores", scores, ScoreSet, "a ScoreSet")
    check_scores(scores)
    arrays: dict[str, Array] = {
        "members/seeds": np.array(scores.seeds, dtype=np.int64),
        "members/train_accuracy": scores.train_accuracy,
        "members/seconds": scores.seconds,
    }
    attributes: dict[str, Mapping[str, Any]] = {
        "/": {"recipe": asdict(scores.recipe), "versions": dict(scores.versions)},
        "members": {"arithmetic": [asdict(each) for each in scores.arithmetic]},
    }
    if scores.ensemble is not None:
        attributes["/"] = {**attributes["/"], "ensemble": scores.ensemble}
    for name, metric in scores.metrics.items():
        place = f"metrics/{name}"
        arrays |= {f"{place}/per_member": metric.per_member, f"{place}/mean": metric.mean, f"{place}/std": metric.std}
        attributes[place] = {"higher_is_harder": int(metric.higher_is_harder), "equation": metric.equation}
    _write(path, "scores", scores.index, arrays, attributes)


@known_keywords
def read_scores(path: Path | str) -> ScoreSet:
    """Read scores; raises FileError as `read_document` does."""
    with _reading(path, "scores") as document:
        scores = ScoreSet(
            index=_index(document),
            metrics={
                place.removeprefix("metrics/"): MetricScores(
                    per_member=document.arrays[f"{place}/per_member"],
                    higher_is_harder=flag_of("higher_is_harder", attributes["higher_is_harder"]),
                    equation=attributes["equation"],
                )
                for place, attributes in document.attributes.items()
                if place.startswith("metrics/")
            },
            seeds=tuple(int(seed) for seed in document.arrays["members/seeds"]),
            train_accuracy=document.arrays["members/train_accuracy"],
            seconds=document.arrays["members/seconds"],
            recipe=recipe_of(json.loads(document.attributes["/"]["recipe"])),
            versions=json.loads(document.attributes["/"]["versions"]),
            ensemble=document.attributes["/"].get("ensemble"),
            arithmetic=_arithmetic(document),
        )
        check_scores(scores)
        _check_means(document, scores)
        return scores


def _check_means(document: Document, scores: ScoreSet) -> None:
    """What other programs read must be made of what this one reads."""
    for name, metric in scores.metrics.items():
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


@known_keywords
def write_subset(path: Path | str, subset: Subset) -> None:
    """Write a subset: the kept and the removed ids, and everything that decided it."""
    expect("subset", subset, Subset, "a Subset")
    check_subset(subset)
    arrays = {"kept_ids": subset.kept_ids, "removed_ids": subset.removed_ids}
    attributes = {"strategy": subset.strategy, "ratio": subset.ratio, "options": dict(subset.options)}
    _write(path, "subset", subset.index, arrays, {"/": attributes})


@known_keywords
def read_subset(path: Path | str) -> Subset:
    """Read a subset; raises FileError as `read_document` does."""
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
def _reading(path: Path | str, kind: str) -> Iterator[Document]:
    """A document whose missing or odd fields are an error of the file."""
    expect_path("path", path)
    document = read_document(Path(path), kind)
    try:
        yield _renamed(document)
    except KeyError as error:
        raise FileError(f"{path} is sealed, but is no whole {kind} file ({error} is missing): make it again") from None
    except (TypeError, ValueError, AttributeError, RecursionError, ArgumentError) as error:
        raise FileError(f"{path} is sealed, but is no whole {kind} file ({error}): make it again") from None


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
    }
    merged = {**attributes, "/": {**own, **attributes["/"]}}
    write_document(Path(path), kind, Document({**index_arrays, **arrays}, merged))


def _index(document: Document) -> SampleIndex:
    attributes = document.attributes["/"]
    head_end, tail_start = json.loads(attributes["groups"])
    file_names = document.arrays.get("file_names")
    index = SampleIndex(
        name=attributes["name"],
        ids=document.arrays["ids"],
        labels=document.arrays["labels"],
        class_names=tuple(document.arrays["class_names"]),
        groups=(head_end, tail_start),
        source=attributes["source"],
        source_size=attributes["source_size"],
        source_index=document.arrays["source_index"],
        file_names=None if file_names is None else tuple(file_names),
        built=json.loads(attributes["built"]),
    )
    check_index(index)
    if attributes["data_digest"] != index.digest:
        raise ArgumentError("data_digest is not that of its ids")
    return index
