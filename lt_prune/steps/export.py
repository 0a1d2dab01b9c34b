"""Subset -> what other programs read: places, names, tables, weights, tags, folders."""

from __future__ import annotations

import warnings
from pathlib import Path

from lt_prune.choices import FORMATS, LOADERS
from lt_prune.data.spec import parse_spec
from lt_prune.errors import ArgumentError
from lt_prune.formats import WRITERS, Listed
from lt_prune.formats.folder import class_folders, placed, write_folder
from lt_prune.given import expect_path, known_keywords
from lt_prune.planning.joining import joined_scores
from lt_prune.planning.paths import named, scores_of, subset_of
from lt_prune.steps.image_folder import files_root, image_folder_indices, names_below_root, say_not_taken
from lt_prune.steps.seen import check_files
from lt_prune.store.output import put
from lt_prune.types import ScoreSet, Subset

FOLDERS = ("copies", "links")
"""Formats that are a folder of files."""


@known_keywords
def export(
    subset: Subset | Path | str,
    out: Path | str,
    format: str | None = None,
    *,
    for_: str | None = None,
    removed: bool = False,
    scores: ScoreSet | Path | str | None = None,
    overwrite: bool = False,
) -> str:
    """Write which samples were kept for other programs, in the order of the source.

    - "npy": int64 indices into the source's own training split, in the order that this package lists it.
    - "txt": a file name a line, or an index a line where the source has no files.
    - "ids": an id a line, 16 hexadecimal digits.
    - "list": `path label` a line, as the code of long-tailed recognition reads its lists.
    - "csv", "parquet" and "json": every sample with its id, index, file name, label and class, whether it was kept, and the
      mean of its scores by each metric; json has the indices of what is kept and removed, too.
    - "weights": float64, for a `WeightedRandomSampler` over the samples of `torch_subset`, in their order: one over the kept
      samples of the class.
    - "fiftyone": a csv file with filepath, tags (kept or removed) and class, for FiftyOne's `CSVDataset`.
    - "cleanlab": a csv file with is_removed_issue and removed_score, as Datalab has its issues.
    - "copies", "links": a folder with one folder a class, of copies of the image files or of links to them.

    Args:
        subset: what to export, or its file.
        out: file to write, or folder.
        format: one of these; by default the ending of `out`.
        for_: "imagefolder" for indices into torchvision's `ImageFolder` of the folder, which takes other files than this
            package does; in tables they stand beside ours as imagefolder_index. Images that it does not take have none.
        removed: write what was removed instead of what was kept.
        scores: of these samples, for a table of them.
        overwrite: replace what `out` holds.

    Returns:
        Whose order the indices are in, in words; "" where there are none.

    Raises:
        ArgumentError: no such format or loader, or one that does not go with the other, or that cannot hold a
            file name.
        DataError: the folder of the source is gone, or holds other files than the subset names.
        MismatchError: `out` holds something else, the scores are of other samples, or image files have changed.

    Warns:
        UserWarning: the classes of a folder sort otherwise than by their labels, or another loader has other classes, or
            does not take some of the images.

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
    given = subset_of(subset)
    with_places = _has_places(chosen, given)
    _check_options(chosen, with_places, for_, removed, scores)
    listed = Listed(
        subset=given,
        chosen=~given.kept if removed else given.kept,
        loader_index=image_folder_indices(given.index) if for_ else None,
        scores=None if scores is None else joined_scores(scores_of(scores), given.index, named(scores, "the score file")),
    )
    if listed.loader_index is not None:
        say_not_taken(given.index, listed.loader_index, listed.chosen, "removed" if removed else "kept")
    if chosen in FOLDERS:
        _write_folder(listed, Path(out), chosen, overwrite)
    else:
        put({Path(out): WRITERS[chosen].write(listed)}, overwrite)
    return listed.order if with_places else ""


def _has_places(format: str, subset: Subset) -> bool:
    """Whether a format has places in an order, which another loader may have of its own."""
    return format in WRITERS and WRITERS[format].places and not (format == "txt" and subset.index.file_names)


def _check_options(format: str, with_places: bool, for_: str | None, removed: bool, scores: object) -> None:
    """Refuse options that a format has no use for."""
    writer = WRITERS.get(format)
    if for_ not in (None, *LOADERS):
        raise ArgumentError(f"for must be {' or '.join(LOADERS)}, not {for_!r}")
    if removed and writer and writer.of_all:
        raise ArgumentError(f"{format} tells of every sample whether it was kept: leave out --removed")
    if for_ and not with_places:
        raise ArgumentError(f"{format} gives names, which are in no loader's order: leave out --for, or choose npy")
    if scores is not None and not (writer and writer.scores):
        takers = ", ".join(name for name, each in WRITERS.items() if each.scores)
        raise ArgumentError(f"{format} has no place for scores, which {takers} have: leave out --scores")


def _write_folder(listed: Listed, out: Path, format: str, overwrite: bool) -> None:
    """The files asked for, those that were looked at being what they were when the set was read."""
    index, rows = listed.subset.index, listed.rows_of(listed.chosen)
    names, root = listed.files(format), files_root(index)
    folders = class_folders(index.class_names)
    if sorted(folders) != folders:
        warnings.warn(
            f"the classes of {index.name} are not in the order of their names, by which loaders of {out} number them: their "
            f"labels are others than ours",
            stacklevel=4,
        )
    check_files(index, rows, [root / name for name in names], "put the images back, or prune again")
    below = names_below_root(index)
    places = placed([below[row] for row in rows], [folders[label] for label in index.labels[rows]])
    files = {place: root / name for place, name in zip(places, names)}
    # A new folder anywhere in a folder of classes would be a class of it, while a list names each file.
    apart = {file.parent for file in files.values()} if parse_spec(index.source).source == "list" else {root}
    write_folder(out, files, apart=apart, link=format == "links", overwrite=overwrite)
