"""From a source to a long-tailed set: check, cut, put in the order of ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lt_prune.choices import PROFILES, SELECTIONS
from lt_prune.data.groups import check_groups, default_groups
from lt_prune.data.identity import content_digests, occurrences, sample_ids
from lt_prune.data.image_files import take
from lt_prune.data.longtail import profile_counts, select_by_content, select_mislas
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import CHUNK, Array, LongTailedSet, SampleIndex, kind_of


def assemble(
    source: Source,
    *,
    name: str,
    spec: str,
    profile: str,
    imbalance: float | None,
    largest: int | None,
    seed: int,
    selection: str,
    groups: tuple[int, int] | None,
) -> LongTailedSet:
    """Cut `source` to a profile and list its samples by id.

    Args:
        name: name of the resulting set.
        spec: how the user named the source.
        profile: "exp", "step", or "none" for every image there is.
        imbalance: largest class over smallest, for the two former.
        largest: images of the largest class; by default what the smallest class of the source can give.
        seed, selection: which images are chosen, see `lt_prune.data.longtail`.
        groups: head and tail ranges; by default the source's published ones, or the general rule.

    Raises:
        ArgumentError: an argument is out of range, or the profile asks a class for more images than it has.
        DataError: the source is not a classification set of two or more filled classes.
    """
    _check_source(source)
    digests = content_digests(source.pixels, source.labels)
    occurrence = occurrences(digests)
    available = np.bincount(source.labels, minlength=len(source.class_names))
    built: Mapping[str, Any] = {"profile": profile}
    if profile == "none":
        chosen = np.arange(len(source.labels))
    else:
        counts = _wanted_counts(profile, imbalance, largest, available, source.class_names)
        chosen = _select(selection, source.labels, digests, occurrence, counts, seed)
        built = {"profile": profile, "imbalance": imbalance, "largest": int(counts[0]), "seed": seed, "selection": selection}
    # Counted again among the chosen, so that the cut set read again from a copy has the same ids.
    ids = sample_ids(digests[chosen], occurrences(digests[chosen]))
    chosen = chosen[np.argsort(ids)]
    n_classes = len(source.class_names)
    index = SampleIndex(
        name=name,
        ids=np.sort(ids),
        labels=source.labels[chosen],
        class_names=source.class_names,
        groups=check_groups(groups or source.groups or default_groups(n_classes), n_classes),
        source=spec,
        source_size=len(source.labels),
        source_index=chosen.astype(np.int64),
        file_names=tuple(source.file_names[i] for i in chosen) if source.file_names else None,
        built=built,
    )
    return LongTailedSet(
        index=index,
        pixels=take(source.pixels, chosen),
        test_pixels=source.test_pixels,
        test_labels=source.test_labels,
        flip=source.flip,
    )


def _check_source(source: Source) -> None:
    n_classes = len(source.class_names)
    for split, pixels, labels in (
        ("training", source.pixels, source.labels),
        ("test", source.test_pixels, source.test_labels),
    ):
        if len(pixels) != len(labels):
            raise DataError(f"{len(pixels):,} {split} images have {len(labels):,} labels: there must be one label an image")
        if len(labels) and not 0 <= labels.min() <= labels.max() < n_classes:
            raise DataError(f"{split} labels must lie in [0, {n_classes}), but reach from {labels.min()} to {labels.max()}")
    if source.pixels.shape[1:] != source.test_pixels.shape[1:]:
        raise DataError(
            f"training {kind_of(source.pixels)} are {source.pixels.shape[1:]} and test {kind_of(source.test_pixels)} "
            f"{source.test_pixels.shape[1:]} (height, width, channels, or numbers of an embedding): they must be of one "
            f"shape (a folder's become so by --resize SIDE)"
        )
    if kind_of(source.pixels) == "embeddings":
        _check_finite(source)
    if len(set(source.class_names)) < n_classes:
        raise DataError(f"class names must differ, and {n_classes} classes bear {len(set(source.class_names))} names")
    if n_classes < 2:
        raise DataError(f"a long-tailed set needs two classes or more, and this source has {n_classes}")
    counts = np.bincount(source.labels, minlength=n_classes)
    if empty := [source.class_names[c] for c in np.flatnonzero(counts == 0)]:
        named = ", ".join(empty[:5]) + (f" and {len(empty) - 5:,} more" if len(empty) > 5 else "")
        raise DataError(f"these classes have no training image: {named}; add images or drop the classes")


def _check_finite(source: Source) -> None:
    for split, samples in (("training", source.pixels), ("test", source.test_pixels)):
        for start in range(0, len(samples), CHUNK):
            sound = np.isfinite(samples[start : start + CHUNK]).all(axis=1)
            if not sound.all():
                row = start + int(np.argmin(sound))
                raise DataError(f"{split} embeddings must be finite float32 numbers, and those of row {row:,} are not")


def _wanted_counts(
    profile: str, imbalance: float | None, largest: int | None, available: Array, class_names: tuple[str, ...]
) -> Array:
    if profile not in PROFILES:
        raise ArgumentError(f"profile must be {', '.join(PROFILES)}, not {profile!r}")
    if imbalance is None:
        raise ArgumentError(f"profile {profile!r} needs an imbalance ratio: add --imbalance, for example 100")
    if largest is not None and largest > available.sum():
        raise ArgumentError(f"largest must be at most {available.sum():,}, all the images there are, not {largest:,}")
    counts = profile_counts(profile, int(available.min()) if largest is None else largest, imbalance, len(available))
    short = np.flatnonzero(counts > available)
    if len(short):
        c = short[np.argmax(counts[short] - available[short])]
        raise ArgumentError(
            f"class {class_names[c]!r} has {available[c]:,} images but the {profile} profile asks it for {counts[c]:,}, and "
            f"{len(short)} of {len(available)} classes fall short: ask for --largest {available.min():,} or fewer"
        )
    return counts


def _select(selection: str, labels: Array, digests: Array, occurrence: Array, counts: Array, seed: int) -> Array:
    if selection == "content":
        return select_by_content(labels, digests, occurrence, counts, seed)
    if selection == "mislas":
        return select_mislas(labels, counts, seed)
    raise ArgumentError(f"selection must be {' or '.join(SELECTIONS)}, not {selection!r}")
