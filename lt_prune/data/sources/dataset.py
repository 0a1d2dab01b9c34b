"""A map-style data set of PyTorch, such as torchvision's: whatever has a length and gives (image, label) by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.items import read_items
from lt_prune.errors import DataError
from lt_prune.types import Array

_AGAIN = 8
"""Items that are read a second time: where one differs, a transform is random, and no id would come again."""


def is_dataset(given: object) -> bool:
    """Whether it has a length and gives items by number."""
    plain = isinstance(given, (str, bytes, tuple, list, dict))
    return not plain and hasattr(given, "__len__") and hasattr(given, "__getitem__")


def source_of_dataset(train: Any, test: Any, request: Request) -> Source:
    """All items of a data set, and by choice of another one to test on; see `read_items` for what they may be.

    Args:
        train, test: data sets of items (image, label); test may be None.

    Raises:
        DataError: an item is no image with a label, or differs when it is read again.
    """
    what = f"the data set {type(train).__name__}"
    request.without_resize().refuse_file_options(what)
    pixels, labels = _read(train, what, request.resize)
    test_pixels, test_labels = pixels[:0].copy(), labels[:0].copy()
    if test is not None:
        test_pixels, test_labels = _read(test, f"the test set {type(test).__name__}", request.resize)
    return Source(
        pixels=pixels,
        labels=labels,
        test_pixels=test_pixels,
        test_labels=test_labels,
        class_names=_class_names(train, labels),
        fresh=True,
    )


def _read(dataset: Any, what: str, resize: int | None) -> tuple[Array, Array]:
    n = len(dataset)
    if not n:
        raise DataError(f"{what} holds no item")
    found, labels = read_items((_item(dataset, row, what) for row in range(n)), n, what, resize)
    for row in np.linspace(0, n - 1, min(n, _AGAIN)).astype(int):
        again, label = read_items([_item(dataset, int(row), what)], 1, what, resize)
        if label[0] != labels[row] or again.shape[1:3] != found.shape[1:3] or not (again[0] == found[row]).all():
            raise DataError(f"item {row:,} of {what} differs when it is read again: leave out random transforms")
    return found, labels


def _item(dataset: Any, row: int, what: str) -> tuple[Any, Any]:
    item = dataset[row]
    if not isinstance(item, (tuple, list)) or len(item) < 2:
        of_huggingface = hasattr(dataset, "save_to_disk")
        so = ": save it by save_to_disk(FOLDER), and name huggingface:FOLDER instead" if of_huggingface else ""
        raise DataError(f"item {row:,} of {what} must be (image, label), not a {type(item).__name__}{so}")
    return item[0], item[1]


def _class_names(dataset: Any, labels: Array) -> tuple[str, ...]:
    """Those that it says, or the numbers up to the highest."""
    said = getattr(dataset, "classes", None)
    if isinstance(said, Sequence) and all(isinstance(name, str) for name in said) and len(said) > labels.max():
        return tuple(said)
    if (highest := int(labels.max())) >= len(labels):
        raise DataError(f"labels reach {highest:,}, but there are only {len(labels):,} items")
    return tuple(map(str, range(highest + 1)))
