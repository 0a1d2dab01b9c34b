"""Where files go by default: each is named after what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lt_prune.choices import AUTO, WHOLE
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.given import expect
from lt_prune.runs import TrainResult
from lt_prune.store.files import read_scores, read_subset
from lt_prune.store.names import check_name
from lt_prune.types import Array, SampleIndex, ScoreSet, Subset

GRID_END = "-sweep.json"
"""How the file that lists the runs of a sweep ends."""


def set_path(index: SampleIndex) -> Path:
    """For example sets/cifar10-lt100.h5."""
    return _below("sets", f"{index.name}.h5")


def scores_path(index: SampleIndex, seed: int = 0) -> Path:
    """For example scores/cifar10-lt100.h5."""
    return _below("scores", f"{index.name}{_seed(seed)}.h5")


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


def chosen_subset(given: Subset | Path | str | None, index: SampleIndex) -> Subset | None:
    """What `train` trains on: a subset, or None, the whole set; words are those of `subset_file`.

    Raises:
        ArgumentError: there are several for "auto", or it is no subset.
    """
    chosen = subset_file(given, index) if isinstance(given, str) else given
    return None if chosen is None else subset_of(chosen)


def subset_file(given: str, index: SampleIndex) -> Path | None:
    """The file of a subset: "auto" is what `find_subset` finds, "none" is none, and anything else names one."""
    if given == AUTO:
        return find_subset(index)
    return None if given == WHOLE else Path(given)


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


def find_subset(index: SampleIndex) -> Path | None:
    """The one subset of these samples below subsets/, None where there is none.

    Raises:
        ArgumentError: there are several, and one must be named.
    """
    own = [file for file in sorted(Path("subsets").glob("*.h5")) if read_subset(file).index.digest == index.digest]
    if len(own) > 1:
        raise ArgumentError(
            f"there are {len(own)} subsets of {index.name} ({', '.join(map(str, own))}): name one with --subset FILE, "
            f"or train on the whole set with --subset none"
        )
    return own[0] if own else None


def find_subset_of(digest: str) -> Subset | None:
    """The subset below subsets/ that keeps the samples of this digest, None where there is none."""
    found = (read_subset(file) for file in sorted(Path("subsets").glob("*.h5")))
    return next((subset for subset in found if subset.digest == digest), None)


def trained_rows(result: TrainResult, index: SampleIndex, subset: Subset | Path | str | None = None) -> Array:
    """int64 (N,): rows of `index` that a run was trained on.

    Args:
        subset: what it was trained on, where that is a part of the set; by default looked for below subsets/.

    Raises:
        ArgumentError: that is a subset which is neither given nor found.
        MismatchError: it is another one.
    """
    digest = result.spec.subset_digest
    if digest is None:
        return np.arange(index.n_samples)
    chosen = find_subset_of(digest) if subset is None else subset_of(subset)
    if chosen is None:
        raise ArgumentError(f"the run was trained on a pruned set ({result.subset}): name its file with --subset")
    if chosen.digest != digest:
        raise MismatchError("the run was trained on another subset: name that one with --subset")
    index.require_same(chosen.index, "the subset")
    return np.flatnonzero(chosen.kept)


def _below(folder: str, name: str) -> Path:
    """A file or folder of this name in a folder, and nowhere else."""
    return Path(folder) / check_name("the name", name)


def _equal(equal: str) -> str:
    return "" if equal == "epochs" else f"-equal-{equal}"


def _seed(seed: int) -> str:
    return f"-seed{seed}" if seed else ""
