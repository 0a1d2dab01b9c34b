"""From a source to a long-tailed set: check, cut, put in the order of ids."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lt_prune.choices import PROFILES, SELECTIONS
from lt_prune.data.copies import copies_found
from lt_prune.data.cut import Cut
from lt_prune.data.groups import check_groups, default_groups
from lt_prune.data.holdout import held_out
from lt_prune.data.identity import occurrences, sample_ids
from lt_prune.data.image_files import broken_images, first_of
from lt_prune.data.longtail import largest_possible, profile_counts, select_by_content, select_mislas
from lt_prune.data.placing import placed
from lt_prune.data.sources import Source
from lt_prune.data.survey import picture_digests, survey
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import CHUNK, Array, LongTailedSet, Pixels, SampleIndex, kind_of

LONG_TAILED = 2
"""Largest class over smallest from which on a set counts as long-tailed."""


def assemble(
    source: Source,
    cut: Cut,
    *,
    name: str,
    spec: str,
    groups: tuple[int, int] | None = None,
    skip_broken: bool = False,
    reading: Mapping[str, Any] | None = None,
) -> LongTailedSet:
    """Cut `source` to a profile and list its samples by id; afterwards the images of a fresh source are in another order.

    Args:
        cut: which of its images, and which of them become the test set.
        name: name of the resulting set.
        spec: how the user named the source.
        groups: head and tail ranges; by default the source's published ones, or the general rule.
        skip_broken: leave out images that cannot be used.
        reading: what is kept of how the source was read, see `lt_prune.Reading.kept`.

    Raises:
        ArgumentError: an argument is out of range, or the profile asks a class for more images than it has.
        DataError: the source is not a classification set of two or more filled classes, or images of it cannot be used.
    """
    _check_source(source)
    seen = survey(source.pixels, source.labels)
    source, sound, built = _sound(source, {**source.broken, **seen.broken}, skip_broken)
    tested = held_out(source.labels[sound], seen.pictures[sound], cut.holdout, cut.seed)
    pool, test = sound[~tested], sound[tested]
    built |= {"profile": cut.profile} | ({"holdout": cut.holdout, "seed": cut.seed} if cut.holdout else {})
    if cut.profile != "none":
        available = np.bincount(source.labels[pool], minlength=len(source.class_names))
        counts = _wanted_counts(cut.profile, cut.imbalance, cut.largest, available, source)
        pool = pool[_select(cut.selection, source.labels[pool], seen.content[pool], counts, cut.seed)]
        _say_what_goes(name, cut.imbalance, counts, available, source)
        built |= {"imbalance": cut.imbalance, "largest": int(counts.max()), "seed": cut.seed, "selection": cut.selection}
    # Counted again among the chosen, so that the cut set read again from a copy has the same ids.
    ids = sample_ids(seen.content[pool], occurrences(seen.content[pool]))
    chosen, test = pool[np.argsort(ids)], test[np.argsort(seen.content[test], kind="stable")]
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
        reading=reading or {},
    )
    _say_copies(index, seen.pictures[chosen], source.test_pixels)
    pixels, tests = placed(source.pixels, [chosen, test], fresh=source.fresh)
    held_names = tuple(source.file_names[i] for i in test) if source.file_names else None
    return LongTailedSet(
        index=index,
        pixels=pixels,
        test_pixels=tests if cut.holdout else source.test_pixels,
        test_labels=source.labels[test] if cut.holdout else source.test_labels,
        test_file_names=held_names if cut.holdout else source.test_file_names,
        flip=source.flip,
    )


def _sound(source: Source, broken: Mapping[int, str], skip: bool) -> tuple[Source, Array, dict[str, Any]]:
    """The source without its broken test images, the rows of its sound training images, and the record of that."""
    reasons = [*broken.values(), *source.test_broken.values()]
    n_files = len(source.labels) + len(source.test_labels)
    if reasons and not skip:
        raise DataError(broken_images(reasons, n_files))
    if reasons:
        warnings.warn(
            f"left out {len(reasons):,} of {n_files:,} images that cannot be used: {first_of(reasons)}", stacklevel=3
        )
    sound = np.setdiff1d(np.arange(len(source.labels)), list(broken))
    kept = np.setdiff1d(np.arange(len(source.test_labels)), list(source.test_broken))
    if source.test_broken:
        (sound_tests,) = placed(source.test_pixels, [kept], fresh=source.fresh)
        names = tuple(source.test_file_names[i] for i in kept) if source.test_file_names else None
        tests = {"test_pixels": sound_tests, "test_labels": source.test_labels[kept], "test_file_names": names}
        source = replace(source, **tests)
    if broken:
        _check_filled(source.labels[sound], source.class_names)
    return source, sound, {"skipped": len(broken)} if skip else {}


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
        raise DataError(f"class names must differ, and {n_classes} classes have {len(set(source.class_names))} names")
    if n_classes < 2:
        raise DataError(f"a long-tailed set needs two classes or more, and this source has {n_classes}")
    _check_filled(source.labels, source.class_names)


def _check_filled(labels: Array, class_names: tuple[str, ...]) -> None:
    counts = np.bincount(labels, minlength=len(class_names))
    if empty := [class_names[c] for c in np.flatnonzero(counts == 0)]:
        named = ", ".join(empty[:5]) + (f" and {len(empty) - 5:,} more" if len(empty) > 5 else "")
        raise DataError(f"these classes have no training image: {named}; add images or drop the classes")


def _check_finite(source: Source) -> None:
    for split, samples in (("training", source.pixels), ("test", source.test_pixels)):
        for start in range(0, len(samples), CHUNK):
            sound = np.isfinite(samples[start : start + CHUNK]).all(axis=1)
            if not sound.all():
                row = start + int(np.argmin(sound))
                raise DataError(f"{split} embeddings must be finite float32 numbers, and those of row {row:,} are not")


def _wanted_counts(profile: str, imbalance: float | None, largest: int | None, available: Array, source: Source) -> Array:
    if profile not in PROFILES:
        raise ArgumentError(f"profile must be {', '.join(PROFILES)}, not {profile!r}")
    if imbalance is None:
        raise ArgumentError(f"profile {profile!r} needs an imbalance ratio: add --imbalance, for example 100")
    if largest is not None and largest > available.sum():
        raise ArgumentError(f"largest must be at most {available.sum():,}, all the images there are, not {largest:,}")
    # A set of the user's own has its head and its tail already; published cuts go by the number of the class.
    order = np.arange(len(available)) if source.imbalance is not None else np.argsort(-available, kind="stable")
    most = largest_possible(profile, imbalance, available[order]) if source.imbalance is None else int(available.min())
    counts = np.empty_like(available)
    counts[order] = profile_counts(profile, most if largest is None else largest, imbalance, len(available))
    short = np.flatnonzero(counts > available)
    if len(short):
        c = short[np.argmax(counts[short] - available[short])]
        raise ArgumentError(
            f"class {source.class_names[c]!r} has {available[c]:,} images but the {profile} profile asks it for "
            f"{counts[c]:,}, and {len(short)} of {len(available)} classes fall short: ask for --largest {most:,} or fewer"
        )
    return counts


def _select(selection: str, labels: Array, digests: Array, counts: Array, seed: int) -> Array:
    if selection == "content":
        return select_by_content(labels, digests, occurrences(digests), counts, seed)
    if selection == "mislas":
        return select_mislas(labels, counts, seed)
    raise ArgumentError(f"selection must be {' or '.join(SELECTIONS)}, not {selection!r}")


def _say_what_goes(name: str, imbalance: float | None, counts: Array, available: Array, source: Source) -> None:
    """A set of the user's own that is long-tailed already needs no cut."""
    if source.imbalance is None and available.max() >= LONG_TAILED * available.min() and counts.sum() < available.sum():
        worst = int(np.argmin(counts / available))
        warnings.warn(
            f"{name} keeps {counts.sum():,} of {available.sum():,} training images, of class {source.class_names[worst]!r} "
            f"{counts[worst]:,} of {available[worst]:,}, to have an imbalance of {imbalance:g}: as it is, it has one of "
            f"{available.max() / available.min():.1f}, and is kept whole without --imbalance",
            stacklevel=3,
        )


def _say_copies(index: SampleIndex, pictures: Array, test_pixels: Pixels) -> None:
    """Streamed test images are not read for it."""
    test = picture_digests(test_pixels) if isinstance(test_pixels, np.ndarray) else pictures[:0]
    if found := copies_found(index.labels, pictures, test, index.file_names):
        warnings.warn(f"{index.name} has exact copies: {found}", stacklevel=3)
