"""Source -> long-tailed set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.reading import HOLDOUT, Reading, as_options
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import SOURCES, Request, Source
from lt_prune.data.sources.dataset import is_dataset, source_of_dataset
from lt_prune.data.spec import OF_ONES_OWN, OF_PYTHON, Spec, clean_name, parse_spec
from lt_prune.errors import ArgumentError, DataError, LtPruneError, MemberError
from lt_prune.given import expect, known_keywords
from lt_prune.registry import described
from lt_prune.store.files import check_held, read_set, read_set_index, write_set
from lt_prune.types import LongTailedSet, SampleIndex

Data = str | Path | LongTailedSet
"""A set, a set file (.h5), or SOURCE[-ltB | -stepB | -full][:PATH]."""


@known_keywords
def build(
    data: str | Path | Any = "digits",
    *,
    test: Any = None,
    imbalance: float | None = None,
    profile: str | None = None,
    largest: int | None = None,
    seed: int = 0,
    selection: str = "content",
    groups: tuple[int, int] | None = None,
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
) -> LongTailedSet:
    """Cut a source to a long-tailed set.

    Args:
        data: SOURCE[:PATH], or with a cut in its name, such as "cifar10-lt50" or "cifar100-step10"; or a map-style data set
            of PyTorch, whose items are (image, label): images of Pillow, uint8 arrays (H, W, C), tensors (C, H, W) of bytes
            or of bytes over 255 as `ToTensor` makes them, or vectors of floats. It must give the same items each time.
        test: a data set of PyTorch to test on, where `data` is one.
        imbalance: ratio of the largest class to the smallest; by default the source's own (10 for digits, 100 for
            Fashion-MNIST and CIFAR), and folders, lists, archives and data sets of one's own are taken as they are.
        profile: "exp" (Wang & Yan, Eq. 10), "step", or "none" to take every image.
        largest: images of the largest class; by default as many as the source's smallest class has, or of folders and
            archives, whose classes keep the order of their sizes, as many as the profile then allows.
        seed: names the selection; the choice depends on (seed, content) alone.
        selection: "content", or "mislas" for the reference code's shuffle.
        groups: (end of head, start of tail) over the classes sorted by decreasing count.
        reading: how its images are read: whether to download them, the share held out as test images of a source that has
            none, and for a folder what it may hold, the order of its classes, the size of its images and whether they are
            held in memory; by default as `lt_prune.Reading()` says.
        out: file to write the set to, which is then called as the file is; a streamed set has none.
        overwrite: replace what `out` holds.

    Raises:
        ArgumentError: a value is out of range, a class has too few images for the profile, or a streamed set is to be
            written.
        MismatchError: `out` holds another set.
        DataError: the source cannot be read.

    Example:
        >>> import lt_prune as lp
        >>> lp.build("digits", imbalance=10).index.counts.tolist()
        [124, 96, 74, 57, 44, 34, 26, 20, 16, 12]
    """
    reading = reading or Reading()
    spec = _spec(data, test)
    if spec.profile and (profile or imbalance is not None):
        raise ArgumentError(f"{data!r} names its cut already: leave out --profile and --imbalance, or name the bare source")
    request = Request(path=spec.path, **asdict(reading))
    own = spec.source == OF_PYTHON
    source = source_of_dataset(data, test, request) if own else _answer(spec.source, request)
    named = f"{OF_PYTHON}:{spec.path}" if own else str(data)
    holdout = _holdout(source, reading.holdout, named)
    profile = profile or spec.profile or ("none" if imbalance is None and source.imbalance is None else "exp")
    if profile == "none" and (imbalance is not None or largest is not None or selection != "content"):
        raise ArgumentError("profile none takes every image: leave out --imbalance, --largest and --selection")
    if imbalance is None and profile != "none":
        imbalance = source.imbalance if spec.imbalance is None else spec.imbalance
    cut = Cut(profile=profile, imbalance=imbalance, largest=largest, seed=seed, selection=selection, holdout=holdout)
    name = _name(spec, cut)
    if out:
        check_held(name, source.pixels, source.test_pixels)
        name = clean_name(Path(out).stem)
    with _blamed(spec.source):
        built = assemble(
            source,
            cut,
            name=name,
            spec=named,
            groups=groups,
            skip_broken=reading.skip_broken,
            reading=reading.kept,
        )
    if out:
        write_set(out, built, overwrite=overwrite)
        built = replace(built, origin=str(out))
    return built


def _spec(data: object, test: object) -> Spec:
    """What is to be built: a source by its name, or a data set of Python's by its class."""
    if is_dataset(data):
        return Spec(source=OF_PYTHON, path=Path(clean_name(type(data).__name__)))
    expect("data", data, (str, Path), "SOURCE[:PATH] or a data set of PyTorch")
    if test is not None:
        raise ArgumentError(f"{data} has test images of its own or none: give a test set to a data set of PyTorch alone")
    if str(data).endswith(".h5"):
        raise ArgumentError(f"{data} names a set that is built already, and a source was expected: SOURCE[:PATH]")
    return parse_spec(str(data))


def _answer(name: str, request: Request) -> Source:
    """What a source gives that keeps its promise of shapes and types; `assemble` checks what they hold."""
    what, function = f"data source {name!r}", SOURCES.load(name)
    try:
        source = function(request)
    except (LtPruneError, MemoryError, OSError):
        raise
    except Exception as error:
        if SOURCES.is_own(name):
            raise
        raise MemberError(f"{what} fails: {described(error)}", name) from error
    if not isinstance(source, Source):
        raise MemberError(f"{what} must give a Source, and gave {type(source).__name__}", name)
    for split in ("pixels", "test_pixels"):
        samples = getattr(source, split)
        shape, dtype = getattr(samples, "shape", ()), getattr(samples, "dtype", np.dtype(np.uint8))  # files have no dtype
        if (len(shape), dtype) not in ((4, np.uint8), (2, np.float32)):
            raise MemberError(
                f"{what} must give {split} as uint8 (N, H, W, C), or embeddings as float32 (N, D), and gave {dtype} "
                f"{tuple(shape)}",
                name,
            )
    for split in ("labels", "test_labels"):
        labels = np.asarray(getattr(source, split))
        if labels.dtype != np.int64 or labels.ndim != 1:
            raise MemberError(f"{what} must give {split} as int64 (N,), and gave {labels.dtype} {labels.shape}", name)
    if not all(isinstance(label, str) for label in source.class_names):
        raise MemberError(f"{what} must give class names as text, and gave {source.class_names!r}", name)
    return source


@contextmanager
def _blamed(source: str) -> Iterator[None]:
    """Data that cannot be used is the fault of the source that gave it, where that is not ours."""
    try:
        yield
    except DataError as error:
        if source == OF_PYTHON or SOURCES.is_own(source):
            raise
        raise MemberError(f"data source {source!r}: {error}", source) from error


@known_keywords
def open_set(data: Data = "digits", *, reading: Reading | None = None) -> LongTailedSet:
    """The set that `data` names: itself, read from its file, or built from its source.

    Raises:
        ArgumentError: a set file cannot be streamed, or be given other classes or test images.
        FileError: the set file is missing or damaged.
        LtPruneError: as `build` does.
    """
    expect("data", data, (LongTailedSet, str, Path), "a set, a set file, or SOURCE[:PATH]")
    if isinstance(data, LongTailedSet):
        return data
    if not str(data).endswith(".h5"):
        opened = build(str(data), reading=reading)
    else:
        opened = read_set(Path(data))
        _refuse_other_reading(opened.index, reading, str(data))
    return replace(opened, origin=str(data))


def open_index(data: Data, *, reading: Reading | None = None) -> SampleIndex:
    """Which samples are in the set that `data` names, for those who need no images: of a set file few are held at a time,
    and of a source none afterwards.

    Raises:
        LtPruneError: as `open_set` does.
    """
    if not isinstance(data, (str, Path)) or not str(data).endswith(".h5"):
        return open_set(data, reading=reading).index
    index = read_set_index(Path(data))
    _refuse_other_reading(index, reading, str(data))
    return index


def _refuse_other_reading(index: SampleIndex, reading: Reading | None, file: str) -> None:
    """A set file is read as it was built, and held."""
    was, asked = index.reading, reading.kept if reading else {}
    if reading and reading.loading == "stream":
        raise ArgumentError(f"images of {file} are held in memory: leave out --loading stream, or name their folder")
    if any(was.get(name) != value for name, value in asked.items()):
        built = f"{file} is read as it was built{f' ({as_options(was)})' if was else ''}"
        raise ArgumentError(f"{built}: leave out {as_options(asked)}, or build it again")


def _holdout(source: Source, asked: float | None, data: str) -> float:
    """The share of each class to test on, 0 where the source has its own test images."""
    if not len(source.test_labels):
        return HOLDOUT if asked is None else asked
    if asked:
        raise ArgumentError(f"{data} has {len(source.test_labels):,} test images of its own: leave out --holdout")
    return 0.0


def _name(spec: Spec, cut: Cut) -> str:
    if cut.profile == "none":
        whole = spec.profile is None and spec.source in OF_ONES_OWN
        parts = [spec.base_name if whole else f"{spec.base_name}-full"]
    else:
        profile = {"exp": "lt", "step": "step"}.get(cut.profile, cut.profile)
        parts = [spec.base_name, f"{profile}{cut.imbalance:g}" if cut.imbalance is not None else profile]
        parts += [f"n{cut.largest}"] if cut.largest is not None else []
        parts += [cut.selection] if cut.selection != "content" else []
    parts += [f"holdout{cut.holdout:g}"] if cut.holdout else []
    parts += [f"s{cut.seed}"] if cut.seed and (cut.profile != "none" or cut.holdout) else []
    return "-".join(parts)
