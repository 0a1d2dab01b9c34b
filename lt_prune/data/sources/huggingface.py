"""Data sets of Hugging Face, by its package `datasets`, which is an extra: by name, or as they were saved to a folder."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.items import read_items
from lt_prune.errors import ArgumentError, DataError

TESTS = ("test", "validation", "valid", "val")
"""Splits that are tested on: the first that there is, and whose labels are known."""
LABELS = ("label", "labels", "fine_label")
"""Columns with the class, where several have classes; and where none says that it has."""
IMAGES = ("image", "img")


def huggingface(request: Request) -> Source:
    """Read the images and labels of a data set of Hugging Face: what `save_to_disk` saved, a folder of parquet files or of
    classes of images, or one that the Hub has under a name, which must be in its cache unless `download` allows to fetch it.

    Raises:
        ArgumentError: no path was given, or `datasets` is not installed.
        DataError: it cannot be read, or has no images or no classes.
    """
    if request.path is None:
        raise ArgumentError("the huggingface source needs a name or a folder: --data huggingface:NAME")
    what, resize = str(request.path), request.resize
    request.without_resize().refuse_file_options(what)
    splits = _splits(request.path, request.download)
    train = splits.get("train")
    if train is None:
        raise DataError(f"{what} has no split called train: it has {', '.join(splits) or 'none'}")
    image, label = _column(train, "Image", IMAGES, what), _column(train, "ClassLabel", LABELS, what)
    names = _names(train, label)
    pixels, labels = read_items(_items(train, image, label, names), len(train), what, resize)
    test = next((splits[name] for name in TESTS if name in splits and _is_labelled(splits[name], label)), None)
    test_pixels, test_labels = pixels[:0].copy(), labels[:0]
    if test is not None:
        test_pixels, test_labels = read_items(_items(test, image, label, names), len(test), what, resize)
    return Source(
        pixels=pixels,
        labels=labels,
        test_pixels=test_pixels,
        test_labels=test_labels,
        class_names=tuple(names or map(str, range(int(labels.max()) + 1))),
        fresh=True,
    )


def _splits(path: Path, download: bool) -> Mapping[str, Any]:
    """Splits by name."""
    try:
        import datasets
    except ImportError:
        raise ArgumentError(
            "data sets of Hugging Face are read by datasets, which is not installed: pip install 'lt-prune[datasets]'"
        ) from None
    try:
        found = _loaded(datasets, path, download)
    except Exception as error:  # its errors have no class in common
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DataError(
            f"{path} is no data set of Hugging Face that can be read ({why}): name a folder that save_to_disk made, or one "
            f"of parquet files or images, or add --download"
        ) from None
    return found if isinstance(found, Mapping) else {"train": found}


def _loaded(datasets: Any, path: Path, download: bool) -> Any:
    if (path / "dataset_dict.json").exists() or (path / "dataset_info.json").exists():
        return datasets.load_from_disk(str(path))
    if path.is_dir():
        builder = "parquet" if any(path.rglob("*.parquet")) else "imagefolder"
        return datasets.load_dataset(builder, data_dir=str(path))
    return datasets.load_dataset(str(path), download_config=datasets.DownloadConfig(local_files_only=not download))


def _column(split: Any, kind: str, names: tuple[str, ...], what: str) -> str:
    """The column that says that it is of this kind; one of these names where several or none do."""
    typed = [name for name, feature in split.features.items() if type(feature).__name__ == kind]
    named = [name for name in names if name in (typed or split.features)]
    if len(typed) == 1 or named:
        return typed[0] if len(typed) == 1 else named[0]
    raise DataError(f"{what} has no column {' or '.join(names)}: it has {', '.join(split.features)}")


def _names(split: Any, label: str) -> list[str] | None:
    """What the classes are called; None where they are numbers without names."""
    if names := getattr(split.features[label], "names", None):
        return list(names)
    found = split[label][:]
    return sorted(set(found)) if all(isinstance(each, str) for each in found) else None


def _is_labelled(split: Any, label: str) -> bool:
    """Whether its classes are known: those of hidden test sets are -1, or none."""
    if label not in split.features:
        return False
    found = split[label][:]
    return bool(found) and not any(each is None or each == -1 for each in found)


def _items(split: Any, image: str, label: str, names: list[str] | None) -> Iterator[tuple[Any, Any]]:
    is_bytes = getattr(split.features[image], "dtype", "") == "uint8"  # arrays come as lists, which do not say
    number = {name: place for place, name in enumerate(names or ())}
    for row in range(len(split)):
        item = split[row]
        own = np.asarray(item[image], dtype=np.uint8) if is_bytes else _opened(item[image])
        yield own, number.get(item[label], item[label])


def _opened(image: Any) -> Any:
    """An image, also one that is there as the bytes of its file."""
    if not isinstance(image, Mapping) or not isinstance(image.get("bytes"), bytes):
        return image
    from PIL import Image

    return Image.open(io.BytesIO(image["bytes"]))
