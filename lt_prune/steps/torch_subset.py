"""Subset -> a `torch.utils.data.Subset` of a dataset that is seen to be the right one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence, Sized
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lt_prune.data.identity import content_digests
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.given import expect, known_keywords
from lt_prune.planning.joining import check_match, joined_rows
from lt_prune.steps.image_folder import is_taken, missing_files, names_below_root, say_not_taken
from lt_prune.steps.seen import check_files, drawn_of, unlike
from lt_prune.types import Array, LongTailedSet, SampleIndex, Subset

if TYPE_CHECKING:
    import torch


@known_keywords
def torch_subset(subset: Subset, dataset: Any, *, match: str = "ids") -> torch.utils.data.Subset[Any]:
    """The kept samples as a `torch.utils.data.Subset` of a dataset, which is checked to be the one they were chosen from.

    Args:
        subset: what was kept.
        dataset: one of

            - a `LongTailedSet`, joined by sample id; items are then (uint8 tensor (C, H, W), label).
            - a dataset that names its files, as torchvision's `ImageFolder` does (`samples`, `root`), joined by file name,
              so that its order does not matter. Every file of the set must be there that `ImageFolder` takes, and 256
              drawn by a fixed seed must have the content that was pruned.
            - any other over the source's whole training split in the source's order, with any transform, joined by index.
              Its length and labels are checked, and the content of all samples where it holds bytes (`data`, as
              torchvision's CIFAR10 and MNIST do, or `tensors`), otherwise that of 256 items drawn by a fixed seed; a
              warning tells where a transform leaves nothing to compare.

        match: "names" to join by file name alone where the same files are decoded to other pixels.

    Raises:
        ArgumentError: there is no such match, or there are no file names to match by.
        MismatchError: the dataset is another one, or in another order.
        DataError: it has none of the images that were kept.

    Warns:
        UserWarning: it does not take some of the images that were kept, or cannot be compared with what was pruned.

    Example:
        >>> import lt_prune as lp
        >>> data = lp.build("digits")
        >>> kept = lp.torch_subset(lp.prune(data, strategy="random", ratio=0.45), data)
        >>> len(kept), kept[0][0].shape
        (277, torch.Size([1, 8, 8]))
    """
    import torch

    expect("subset", subset, Subset, "a Subset")
    whole, places = places_in(subset.index, dataset, match)
    say_not_taken(subset.index, places, subset.kept, "kept")
    return torch.utils.data.Subset(whole, np.sort(places[subset.kept & (places >= 0)]).tolist())


def places_in(index: SampleIndex, dataset: Any, match: str = "ids") -> tuple[Any, Array]:
    """A dataset as torch takes it, and the place in it of each sample of an index, int64 (N,), -1 of an image that
    `ImageFolder` does not take; the rest is as for `torch_subset`."""
    import torch

    from lt_prune.data.samples import Samples

    if isinstance(dataset, LongTailedSet):
        rows = joined_rows(dataset.index, index, "the subset", match)
        own = Samples(dataset.pixels, torch.from_numpy(dataset.index.labels))
        return own, np.arange(index.n_samples) if rows is None else np.argsort(rows)
    expect("dataset", dataset, Sized, "a LongTailedSet, or a torch dataset of a length")
    files = _files_of(dataset) if index.file_names else None
    check_match(match)
    if match == "names" and files is None:
        raise ArgumentError('the dataset or the subset has no file names to match by: leave out match="names"')
    places = index.source_index if files is None else _by_name(index, files)
    if files is None:
        _check_labels(index, dataset)
        _check_content(index, dataset)
    elif match == "ids":
        again = 'put the images back, prune again, or join by match="names"'
        rows = np.flatnonzero(places >= 0)
        check_files(index, rows, [files[i] for i in places[rows]], again)
    return dataset, places


def _files_of(dataset: Any) -> list[Path] | None:
    """The files of a dataset that names them, in its order."""
    samples = getattr(dataset, "samples", None)
    if not isinstance(samples, Sequence) or not hasattr(dataset, "root"):
        return None
    return [Path(path) for path, *_ in samples]


def _by_name(index: SampleIndex, files: Sequence[Path]) -> Array:
    """int64 (N,): place of each sample among the files, which lie in folders named after their classes; -1 where it is not
    among them, and `ImageFolder` takes no such file."""
    names = names_below_root(index)
    # A folder may have been moved, so that only what stands below the class folders is compared.
    depth = {len(Path(name).parts) for name in names}
    place = {"/".join(file.parts[-parts:]): i for i, file in enumerate(files) for parts in depth}
    if missing := [name for name in names if name not in place and is_taken(name)]:
        raise MismatchError(missing_files("the dataset", missing, len(names)))
    return np.array([place.get(name, -1) for name in names], dtype=np.int64)


def _check_labels(index: SampleIndex, dataset: Any) -> None:
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


def _check_content(index: SampleIndex, dataset: Any) -> None:
    """Compare images of the dataset with the ids of the samples that should stand there."""
    everything = np.arange(index.n_samples)
    for images in _held(index, dataset):
        if layouts := [unlike(index, everything, pixels) for pixels in _layouts(images)]:
            if (wrong := min(layouts, key=len)).size:
                _refuse(index, len(wrong), index.n_samples)
            return
    _check_items(index, dataset)


def _check_items(index: SampleIndex, dataset: Any) -> None:
    """The same of some items. A transform may have changed their images, so that only those that are of other samples are
    refused, and unknown ones are told."""
    drawn = drawn_of(index.n_samples)
    items = [dataset[int(index.source_index[i])] for i in drawn]
    labelled = all(isinstance(item, (tuple, list)) and isinstance(item[1], Integral) for item in items)
    if labelled and (differing := int(np.sum([item[1] for item in items] != index.labels[drawn]))):
        _refuse(index, differing, len(drawn))
    images = [np.asarray(item[0] if isinstance(item, (tuple, list)) else item) for item in items]
    layouts = _layouts(np.stack(images)) if len({image.shape for image in images}) == 1 else []
    unknown = len(drawn)
    for pixels in layouts:
        others = unlike(index, drawn, pixels)
        elsewhere = np.isin(content_digests(pixels, index.labels[drawn]), index.ids) & np.isin(drawn, others)
        if elsewhere.any():
            _refuse(index, int(elsewhere.sum()), len(drawn))
        unknown = min(unknown, len(others))
    if unknown:
        warnings.warn(
            f"of {len(drawn):,} items of the dataset that were looked at, {unknown:,} cannot be compared with the images "
            f"that the subset was chosen from (a transform?): only length and labels tell that it is the right one",
            stacklevel=4,
        )


def _refuse(index: SampleIndex, wrong: int, seen: int) -> NoReturn:
    raise MismatchError(
        f"the dataset is not the training split of {index.source} in its own order: of {seen:,} samples looked at, "
        f"{wrong:,} differ; give that split, in that order"
    )


def _held(index: SampleIndex, dataset: Any) -> Iterator[Array]:
    """The images that a dataset holds as bytes, in the order of the index."""
    tensors = getattr(dataset, "tensors", None)
    for held in (getattr(dataset, "data", None), tensors[0] if tensors else None):
        if held is not None and hasattr(held, "shape") and len(held) == index.source_size:
            images = np.asarray(held)
            if images.dtype == np.uint8:
                yield images[index.source_index]


def _layouts(images: Array) -> list[Array]:
    """Images as uint8 (B, H, W, C), in every way that they can be read so: of another order of axes, or scaled to [0, 1]."""
    if images.dtype.kind == "f" and images.size and 0 <= images.min() <= images.max() <= 1:
        images = np.rint(images * 255).astype(np.uint8)
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        return []
    if images.ndim == 3:
        return [images[..., None]]
    return [images, images.transpose(0, 2, 3, 1)]
