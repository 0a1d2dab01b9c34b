"""Subset -> what other code reads: source indices, names, JSON, a torch Subset."""

from __future__ import annotations

import io
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lt_prune.choices import FORMATS
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.given import expect, expect_path, known_keywords
from lt_prune.planning.paths import subset_of
from lt_prune.store.atomic import write_bytes
from lt_prune.store.sealed_json import sealed
from lt_prune.types import LongTailedSet, Subset

if TYPE_CHECKING:
    import torch


@known_keywords
def export(subset: Subset | Path | str, out: Path | str, format: str | None = None) -> None:
    """Write the kept samples for other programs, in the order of the source.

    Args:
        subset: what to export, or its file.
        out: file to write.
        format: "npy" for int64 indices into the source's own training split (as torchvision or `ImageFolder` orders it);
            "txt" for one file name a line, or one index a line where the source has no files; "json" for everything,
            kept and removed. By default the ending of `out`.

    Raises:
        ArgumentError: no such format, or one that cannot hold a file name.

    Example:
        >>> import lt_prune as lp, numpy as np
        >>> lp.export(lp.prune("digits", strategy="random", ratio=0.45), "kept.npy")
        >>> np.load("kept.npy").shape
        (277,)
    """
    expect_path("out", out)
    chosen = format or Path(out).suffix.lstrip(".")
    if chosen not in FORMATS:
        raise ArgumentError(f"format must be {', '.join(FORMATS)}, not {chosen!r}: name one, or end the file's name in it")
    content = {"npy": _npy, "txt": _txt, "json": _json}[chosen](subset_of(subset))
    write_bytes(Path(out), content)


@known_keywords
def torch_subset(subset: Subset, dataset: Any) -> torch.utils.data.Subset[Any]:
    """The kept samples as a `torch.utils.data.Subset` of a dataset.

    Args:
        subset: what was kept.
        dataset: a `LongTailedSet`, joined by sample id, whose items are then (uint8 tensor (C, H, W), label); or your own
            torch dataset over the source's whole training split in the source's order, such as torchvision's CIFAR10 or
            ImageFolder with any transform, joined by index and checked by length and labels.

    Raises:
        MismatchError: the dataset is another one.

    Example:
        >>> import lt_prune as lp
        >>> data = lp.build("digits")
        >>> kept = lp.torch_subset(lp.prune(data, strategy="random", ratio=0.45), data)
        >>> len(kept), kept[0][0].shape
        (277, torch.Size([1, 8, 8]))
    """
    import torch

    from lt_prune.data.samples import Samples

    expect("subset", subset, Subset, "a Subset")

    if isinstance(dataset, LongTailedSet):
        dataset.index.require_same(subset.index, "the subset")
        whole = Samples(dataset.pixels, torch.from_numpy(dataset.index.labels))
        return torch.utils.data.Subset(whole, np.flatnonzero(subset.kept).tolist())
    expect("dataset", dataset, Sized, "a LongTailedSet, or a torch dataset of a length")
    _check_dataset(subset, dataset)
    return torch.utils.data.Subset(dataset, kept_source_index(subset).tolist())


def kept_source_index(subset: Subset) -> Any:
    """int64: ascending indices of the kept samples into the source's own training split."""
    return np.sort(subset.index.source_index[subset.kept])


def _check_dataset(subset: Subset, dataset: Any) -> None:
    index = subset.index
    if len(dataset) != index.source_size:
        raise MismatchError(
            f"the dataset has {len(dataset):,} samples, and the training split of {index.source} that the subset refers "
            f"to has {index.source_size:,}: give that whole split, in its own order"
        )
    targets = getattr(dataset, "targets", None)
    if targets is not None and not np.array_equal(np.asarray(targets)[index.source_index], index.labels):
        raise MismatchError(
            f"the dataset's labels are not those of {index.source}: give its training split in its own order"
        )


def _npy(subset: Subset) -> bytes:
    memory = io.BytesIO()
    np.save(memory, kept_source_index(subset))
    return memory.getvalue()


def _txt(subset: Subset) -> bytes:
    if subset.index.file_names is None:
        lines = [str(place) for place in kept_source_index(subset)]
    else:
        names = np.array(subset.index.file_names, dtype=object)
        order = np.argsort(subset.index.source_index)
        lines = [str(name) for name in names[order][subset.kept[order]]]
        if broken := next((line for line in lines if line.splitlines() != [line]), None):
            raise ArgumentError(f"a list has a name a line, and the file name {broken!a} has a line break: export json")
    return "".join(f"{line}\n" for line in lines).encode()


def _json(subset: Subset) -> bytes:
    index = subset.index
    samples = [
        {
            "id": f"{index.ids[i]:016x}",
            "source_index": int(index.source_index[i]),
            **({"file": index.file_names[i]} if index.file_names else {}),
            "label": int(index.labels[i]),
            "class": index.class_names[index.labels[i]],
            "kept": bool(subset.kept[i]),
        }
        for i in np.argsort(index.source_index)
    ]
    head = {
        "data": index.name,
        "source": index.source,
        "strategy": subset.strategy,
        "ratio_removed": subset.ratio,
        "options": dict(subset.options),
        "n_kept": int(subset.kept.sum()),
        "n_removed": int((~subset.kept).sum()),
    }
    return sealed("export", {**head, "samples": samples})
