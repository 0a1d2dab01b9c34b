"""Any folder of pictures: PATH/CLASS/picture, or split already into PATH/train/CLASS/picture and PATH/test/CLASS/picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lt_prune.data.listing import (
    TEST,
    TRAIN,
    PassedOver,
    check_alike,
    check_no_split,
    class_folders,
    in_order,
    is_split,
    pass_over_beside,
    pictures_below,
    shown,
)
from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.files import source_of_files
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import Array


def folder(request: Request) -> Source:
    """Read a folder of pictures as RGB; what else lies there is passed over with a warning.

    Classes are folder names, sorted as `class_order` says, and files come in torchvision's `ImageFolder` order. Without
    train/ all pictures are training images. test/ may lack classes. Images that would fill the memory are streamed, see
    `lt_prune.data.loading`, and the test images among them are read only when a network is tested.

    Raises:
        ArgumentError: no path was given.
        DataError: there are no class folders, a class has no picture, test/ has a class that train/ lacks, the images have
            several sizes and no `resize` was asked for, or something is passed over and `strict` refuses it.
    """
    root = request.path
    if root is None:
        raise ArgumentError("the folder source needs a path: --data folder:PATH")
    request.refuse_root("a folder")
    _refuse_arrays(root)
    over, split = PassedOver(root), is_split(root)
    training = root / TRAIN if split else root
    by_class = _by_class(training, over)
    test_by_class = _test_by_class(root / TEST, by_class, over) if split else {}
    if split:
        pass_over_beside(root, over)
    else:
        check_no_split(list(by_class), root)
    over.report(request.strict)
    check_alike(list(by_class), training, request.strict)
    if empty := [shown(name) for name, pictures in by_class.items() if not pictures]:
        raise DataError(f"no image in class folder {training / empty[0]}{_more(empty)}: add images or remove the folder")
    class_names = in_order(list(by_class), list(map(len, by_class.values())), request.class_order)
    (names, labels), (test_names, test_labels) = (_listed(each, root, class_names) for each in (by_class, test_by_class))
    return source_of_files(request, root, (names, labels), (test_names, test_labels), class_names)


def _refuse_arrays(root: Path) -> None:
    """A folder of embeddings has no class folders, and is another source."""
    if os.path.isfile(root / "x_train.npy") and not any(map(os.path.isdir, root.iterdir())):
        raise DataError(f"{root} holds arrays such as x_train.npy: embeddings are read by --data features:{root}")


def _by_class(split: Path, over: PassedOver) -> dict[str, list[Path]]:
    return {name: pictures_below(split / name, over) for name in class_folders(split, over)}


def _test_by_class(split: Path, by_class: Mapping[str, object], over: PassedOver) -> dict[str, list[Path]]:
    if not split.exists():
        return {}
    found = _by_class(split, over)
    if unknown := [shown(name) for name in found if name not in by_class]:
        raise DataError(
            f"{split} has class folders that train/ lacks: {', '.join(unknown[:5])}{_more(unknown, 5)}; train/ has "
            f"{', '.join(map(shown, list(by_class)[:5]))}{_more(list(by_class), 5)}: remove or rename them"
        )
    return found


def _listed(by_class: Mapping[str, Sequence[Path]], root: Path, class_names: Sequence[str]) -> tuple[list[str], Array]:
    """Names below the root, and labels, class by class as the folders are sorted."""
    label = {name: number for number, name in enumerate(class_names)}
    names = [_as_text(path.relative_to(root)) for pictures in by_class.values() for path in pictures]
    labels = np.repeat([label[name] for name in by_class], [len(pictures) for pictures in by_class.values()])
    return names, labels.astype(np.int64)


def _as_text(path: Path) -> str:
    name = path.as_posix()
    if not name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in name):
        raise DataError(f"the file name {name!a} is not UTF-8: rename the file")
    return name


def _more(names: Sequence[str], told: int = 1) -> str:
    return f" and {len(names) - told:,} more" if len(names) > told else ""
