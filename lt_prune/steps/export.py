"""Subset -> what other programs read: indices, names, a table."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.choices import FORMATS, LOADERS
from lt_prune.errors import ArgumentError
from lt_prune.given import expect_path, known_keywords
from lt_prune.planning.paths import subset_of
from lt_prune.steps.image_folder import image_folder_indices
from lt_prune.store.output import put
from lt_prune.store.rows import as_csv
from lt_prune.store.sealed_json import sealed
from lt_prune.types import Array, Subset


@known_keywords
def export(
    subset: Subset | Path | str,
    out: Path | str,
    format: str | None = None,
    *,
    for_: str | None = None,
    removed: bool = False,
    overwrite: bool = False,
) -> str:
    """Write which samples were kept for other programs, in the order of the source.

    Args:
        subset: what to export, or its file.
        out: file to write.
        format: "npy" for int64 indices into the source's own training split, in the order that this package lists it;
            "txt" for one file name a line, or one index a line where the source has no files; "csv" and "json" for
            everything: index, file name, label, class, and whether it was kept. By default the ending of `out`.
        for_: "imagefolder" for indices into torchvision's `ImageFolder` of the folder, which takes other files than this
            package does; in csv and json they stand beside ours as imagefolder_index.
        removed: write what was removed instead of what was kept.
        overwrite: replace what `out` holds.

    Returns:
        Whose order the indices are in, in words; "" where there are none.

    Raises:
        ArgumentError: no such format or loader, or one that does not go with the other, or that cannot hold a
            file name.
        DataError: the folder of the source is gone, or holds other files than the subset names.
        MismatchError: `out` holds something else.

    Example:
        >>> import lt_prune as lp, numpy as np
        >>> order = lp.export(lp.prune("digits", strategy="random", ratio=0.45), "kept.npy")
        >>> np.load("kept.npy").shape
        (277,)
    """
    expect_path("out", out)
    chosen = format or Path(out).suffix.lstrip(".")
    if chosen not in FORMATS:
        raise ArgumentError(f"format must be {', '.join(FORMATS)}, not {chosen!r}: name one, or end the file's name in it")
    if for_ not in (None, *LOADERS):
        raise ArgumentError(f"for must be {' or '.join(LOADERS)}, not {for_!r}")
    if removed and chosen in ("csv", "json"):
        raise ArgumentError(f"{chosen} tells of every sample whether it was kept: leave out --removed")
    given = subset_of(subset)
    if for_ and chosen == "txt" and given.index.file_names:
        raise ArgumentError("txt gives file names, which are in no loader's order: leave out --for, or choose npy")
    listed = _Listed(given, ~given.kept if removed else given.kept, image_folder_indices(given.index) if for_ else None)
    put({Path(out): {"npy": _npy, "txt": _txt, "csv": _csv, "json": _json}[chosen](listed)}, overwrite)
    return "" if chosen == "txt" and given.index.file_names else listed.order


@dataclass(frozen=True)
class _Listed:
    """What is exported of a subset."""

    subset: Subset
    chosen: Array
    """bool (N,): the samples asked for."""
    loader_index: Array | None
    """int64 (N,): place of each sample in another loader's own order, where that was asked for."""

    @property
    def order(self) -> str:
        """Whose order the indices are in."""
        index = self.subset.index
        if self.loader_index is not None:
            return f"torchvision's ImageFolder of {index.source}, listed now"
        if index.file_names:
            return (
                f"the training images of {index.source} as lt-prune lists them: classes and files by name, in every format "
                f"that it reads; ImageFolder takes other files, and has indices of its own (--for imagefolder)"
            )
        return f"the training split of {index.source} in its own order"

    def indices(self) -> Array:
        """int64, ascending: places of the chosen samples."""
        index = self.subset.index.source_index if self.loader_index is None else self.loader_index
        return np.sort(index[self.chosen])

    def rows(self) -> list[dict[str, Any]]:
        """One a sample, kept or not, in the order of the source."""
        index = self.subset.index
        return [
            {
                "id": f"{index.ids[i]:016x}",
                "source_index": int(index.source_index[i]),
                **({} if self.loader_index is None else {"imagefolder_index": int(self.loader_index[i])}),
                **({"file": index.file_names[i]} if index.file_names else {}),
                "label": int(index.labels[i]),
                "class": index.class_names[index.labels[i]],
                "kept": bool(self.subset.kept[i]),
            }
            for i in np.argsort(index.source_index)
        ]


def _npy(listed: _Listed) -> bytes:
    memory = io.BytesIO()
    np.save(memory, listed.indices())
    return memory.getvalue()


def _txt(listed: _Listed) -> bytes:
    index = listed.subset.index
    if index.file_names is None:
        lines = [str(place) for place in listed.indices()]
    else:
        order = np.argsort(index.source_index)
        lines = [index.file_names[i] for i in order[listed.chosen[order]]]
        if broken := next((line for line in lines if line.splitlines() != [line]), None):
            raise ArgumentError(f"a list has a name a line, and the file name {broken!a} has a line break: export json")
    return "".join(f"{line}\n" for line in lines).encode()


def _csv(listed: _Listed) -> bytes:
    return as_csv([{**row, "file": row.get("file"), "kept": int(row["kept"])} for row in listed.rows()])


def _json(listed: _Listed) -> bytes:
    subset = listed.subset
    head: Mapping[str, Any] = {
        "data": subset.index.name,
        "source": subset.index.source,
        "order": listed.order,
        "strategy": subset.strategy,
        "ratio_removed": subset.ratio,
        "options": dict(subset.options),
        "n_kept": int(subset.kept.sum()),
        "n_removed": int((~subset.kept).sum()),
    }
    return sealed("export", {**head, "samples": listed.rows()})
