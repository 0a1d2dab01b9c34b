"""Where files go by default: each is named after what it holds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lt_prune.choices import PUBLISHED
from lt_prune.errors import ArgumentError, ForeignFileError, MismatchError
from lt_prune.given import expect
from lt_prune.planning.joining import joined_subset
from lt_prune.planning.places import found, tried
from lt_prune.planning.published_scores import published_for, published_that_chose
from lt_prune.runs import TrainResult
from lt_prune.store.files import read_scores, read_subset
from lt_prune.store.hdf5 import said_of
from lt_prune.store.names import check_name
from lt_prune.types import Array, SampleIndex, ScoreSet, Subset

GRID_END = "-sweep.json"
"""How the file that lists the runs of a sweep ends."""


def set_path(index: SampleIndex) -> Path:
    """For example sets/cifar10-lt100.h5."""
    return _below("sets", f"{index.name}.h5")


def scores_path(index: SampleIndex, seed: int = 0, of: str = "") -> Path:
    """For example scores/cifar10-lt100.h5; `of` is what scores made elsewhere are called."""
    return _below("scores", f"{index.name}{f'-{of}' if of else ''}{_seed(seed)}.h5")


def subset_path(subset: Subset) -> Path:
    """For example subsets/cifar10-lt100-ranked-avh-0.45.h5; what differs from the defaults is added."""
    options = subset.options
    parts = [subset.index.name, subset.strategy]
    parts += [options["metric"]] if options.get("metric") else []
    parts += [f"{subset.ratio:g}"]
    parts += ["easy"] if options.get("keep") == "easy" else []
    parts += ["within-class"] if options.get("within") == "class" else []
    parts += ["empty-class"] if options.get("allow_empty_class") else []
    return _below("subsets", f"{'-'.join(parts)}{_seed(options['seed'])}.h5")


def export_path(subset: Path, format: str, ending: str, of_all: bool, removed: bool) -> Path:
    """For example exports/cifar10-lt100-ranked-avh-0.45-kept.npy, of a subset's file; where the ending does not tell the
    format, the name does."""
    which = "kept-and-removed" if of_all else "removed" if removed else "kept"
    told = "" if ending in ("", f".{format}") else f"-{format}"
    return _below("exports", f"{subset.stem}-{which}{told}{ending}")


def run_path(trained_on: str, method: str, seed: int, equal: str = "epochs") -> Path:
    """For example runs/cifar10-lt100-ranked-avh-0.45-ce; `trained_on` is the name of the set, or of the subset's file."""
    return _below("runs", f"{trained_on}-{method}{_equal(equal)}{_seed(seed)}")


def comparison_path(index: SampleIndex, ratio: float, method: str, seed: int, equal: str = "epochs") -> Path:
    """For example runs/cifar10-lt100-0.45-ce-comparison.json."""
    return _below("runs", f"{index.name}-{ratio:g}-{method}{_equal(equal)}{_seed(seed)}-comparison.json")


def grid_path(index: SampleIndex) -> Path:
    """For example runs/cifar10-lt100-sweep.json."""
    return _below("runs", f"{index.name}{GRID_END}")


def curves_path(index: SampleIndex, equal: str, own_ensembles: bool) -> Path:
    """For example runs/cifar10-lt100-sweep-equal-steps-ensembles, without ending."""
    name = f"{grid_path(index).stem}{_equal(equal)}"
    return grid_path(index).with_name(f"{name}-ensembles" if own_ensembles else name)


def subset_of(given: Subset | Path | str) -> Subset:
    """A subset, or that of a file.

    Raises:
        ArgumentError: it is neither.
    """
    expect("subset", given, (Subset, str, Path), "a Subset or the path of its file")
    return given if isinstance(given, Subset) else read_subset(given)


def scores_of(given: ScoreSet | Path | str) -> ScoreSet:
    """Scores, or those of a file.

    Raises:
        ArgumentError: it is neither.
    """
    expect("scores", given, (ScoreSet, str, Path), "a ScoreSet or the path of its file")
    return given if isinstance(given, ScoreSet) else read_scores(given)


def scores_given(given: ScoreSet | Path | str | None, index: SampleIndex) -> ScoreSet | None:
    """Scores, those of a file, or those published of the samples of an index; None of none.

    Raises:
        ArgumentError: they are none of these, or none are published.
    """
    if given is None:
        return None
    return published_for(index) if given_published(given) else scores_of(given)


def given_published(given: object) -> bool:
    """Whether published scores are named in place of a file."""
    return isinstance(given, (str, Path)) and str(given) == PUBLISHED


def scores_that_chose(subset: Subset) -> Path | ScoreSet | None:
    """The very scores that chose a subset: their file below scores/, or those published; None where there are none.

    Raises:
        FileError: one of these samples is damaged.
    """
    for file in sorted(Path("scores").glob("*.h5")):
        if said_of(file).get("data_digest") == subset.index.digest and read_scores(file).digest == subset.options["scores"]:
            return file
    return published_that_chose(subset)


def named(given: object, kind: str) -> str:
    """What messages call something: its file where it is given by one."""
    return str(given) if isinstance(given, (str, Path)) else kind


def find_subset(index: SampleIndex) -> Path | None:
    """The one subset of these samples below subsets/, None where there is none.

    Raises:
        ArgumentError: there are several, and one must be named.
    """
    own = [file for file, subset in subsets_here() if subset.index.digest == index.digest]
    if len(own) > 1:
        raise ArgumentError(
            f"there are {len(own)} subsets of {index.name} ({', '.join(map(str, own))}): name one with --subset FILE, "
            f"or train on the whole set with --subset none"
        )
    return own[0] if own else None


def subsets_here() -> Iterator[tuple[Path, Subset]]:
    """Every subset below subsets/, by its file; what is none of ours is passed over with one warning.

    Raises:
        FileError: one of ours is damaged.
    """
    strays = []
    for file in sorted(Path("subsets").glob("*.h5")):
        try:
            subset = read_subset(file) if file.is_file() else None
        except ForeignFileError:
            subset = None
        if subset is None:
            strays.append(file)
        else:
            yield file, subset
    say_passed_over(strays, "subset")


def say_passed_over(strays: Sequence[Path], kind: str) -> None:
    """Warn of files that lie among ours."""
    if strays:
        more = f" and {len(strays) - 1:,} more" if len(strays) > 1 else ""
        warnings.warn(f"passed over what is no {kind} of ours: {strays[0]}{more}", stacklevel=3)


def trained_rows(result: TrainResult, index: SampleIndex, folder: Path, subset: Subset | Path | str | None = None) -> Array:
    """int64 (N,): rows of `index` that a run was trained on.

    Args:
        folder: where the run is.
        subset: what it was trained on, where that is a part of the set; by default the file that the run names, or else
            one below subsets/.

    Raises:
        ArgumentError: that is a subset which is neither given nor found, or one is given and it is the whole set.
        MismatchError: it is another one.
    """
    if (digest := result.spec.subset_digest) is None:
        if subset is not None:
            raise ArgumentError("subset is for a run on a part of its data, and this one was trained on all: leave it out")
        return np.arange(index.n_samples)
    place = result.subset_place
    if subset is None and place is not None and (file := found(place, folder)):
        there = read_subset(file)
        subset = there if _kept_rows(there, index, digest) is not None else None
    if subset is None:
        subset = next((each for _, each in subsets_here() if each.digest == digest), None)
    if subset is None:
        where = f", and {tried(place, folder)}" if place else ""
        raise ArgumentError(f"the run was trained on a pruned set ({result.subset}){where}: name its file with --subset")
    if (rows := _kept_rows(subset_of(subset), index, digest)) is None:
        what = "the subset" if isinstance(subset, Subset) else str(subset)
        raise MismatchError(f"the run was trained on another subset than {what}: name that one with --subset")
    return rows


def _kept_rows(subset: Subset, index: SampleIndex, digest: str) -> Array | None:
    """int64 (N,): rows of `index` that a subset keeps, None unless these are the samples of a digest; where pixels differ,
    as a run may have been trained by `--match names`, the file names tell which rows they are."""
    if subset.index.digest != index.digest:
        if not index.by_file or index.by_file.keys() != subset.index.by_file.keys():
            return None
        subset = joined_subset(subset, index, "the subset", "names")
    return np.flatnonzero(subset.kept) if subset.digest == digest else None


def _below(folder: str, name: str) -> Path:
    """A file or folder of this name in a folder, and nowhere else."""
    return Path(folder) / check_name("the name", name)


def _equal(equal: str) -> str:
    return "" if equal == "epochs" else f"-equal-{equal}"


def _seed(seed: int) -> str:
    return f"-seed{seed}" if seed else ""
