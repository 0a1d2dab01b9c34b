"""Any folder of images: PATH/train/CLASS/image and PATH/test/CLASS/image, in every format Pillow reads."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from lt_prune.data.image_files import ImageFiles
from lt_prune.data.loading import streams
from lt_prune.data.sources import Request, Source
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import Array


def folder(request: Request) -> Source:
    """Read a folder of images as RGB; files that are no images are skipped with a warning.

    Classes are the sorted folder names below train/, files come in torchvision's `ImageFolder` order. Images that would
    fill the memory are streamed, see `lt_prune.data.loading`.

    Raises:
        ArgumentError: no path was given.
        DataError: train/ is missing, a class is empty, test/ has other classes, an image cannot be read, or the images
            have several sizes and no `resize` was asked for.
    """
    if request.path is None:
        raise ArgumentError("the folder source needs a path: --data folder:PATH")
    class_names = _class_names(request.path / "train")
    paths, labels = _list_images(request.path / "train", class_names)
    test_paths, test_labels = _list_test(request.path / "test", class_names)
    names, test_names = ([_as_text(path.relative_to(request.path)) for path in listed] for listed in (paths, test_paths))
    train = ImageFiles.of(request.path, names, request.resize)
    test = ImageFiles.of(request.path, test_names, request.resize) if test_names else train.take(slice(0))
    streamed = streams(request.loading, train.nbytes + test.nbytes)
    if streamed:
        test.check()  # the training images are all read for their ids; a broken test image would be found after training
    return Source(
        pixels=train if streamed else train[:],
        labels=labels,
        test_pixels=test if streamed else test[:],
        test_labels=test_labels,
        class_names=class_names,
        file_names=train.names,
    )


def _as_text(path: Path) -> str:
    name = path.as_posix()
    if not name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in name):
        raise DataError(f"the file name {name!a} is not UTF-8: rename the file")
    return name


def _class_names(split: Path) -> tuple[str, ...]:
    if not split.is_dir():
        raise DataError(
            f"{split} is not a folder: a folder source needs train/CLASS/images, and test/CLASS/images to train on"
        )
    names = tuple(sorted(entry.name for entry in split.iterdir() if entry.is_dir()))
    if not names:
        raise DataError(f"{split} holds no class folders: put one folder a class below it")
    return names


def _list_test(split: Path, class_names: tuple[str, ...]) -> tuple[list[Path], Array]:
    if not split.exists():
        return [], np.zeros(0, dtype=np.int64)
    if (found := _class_names(split)) != class_names:
        odd = sorted(set(found) ^ set(class_names))
        raise DataError(f"{split} must have the same class folders as train/, but these differ: {', '.join(odd)}")
    return _list_images(split, class_names)


def _list_images(split: Path, class_names: tuple[str, ...]) -> tuple[list[Path], Array]:
    from PIL import Image
    from torchvision.datasets.folder import make_dataset

    Image.init()
    readable = {suffix for suffix, name in Image.EXTENSION.items() if name in Image.OPEN}
    strays: list[str] = []

    def is_image(path: str) -> bool:
        if Path(path).suffix.lower() in readable:
            return True
        strays.append(path)
        return False

    classes = {name: label for label, name in enumerate(class_names)}
    samples = make_dataset(split, classes, is_valid_file=is_image, allow_empty=True)
    if strays:
        warnings.warn(f"skipped {len(strays)} files that are no images, such as {strays[0]}", stacklevel=2)
    labels = np.array([label for _, label in samples], dtype=np.int64)
    empty = [class_names[c] for c in np.flatnonzero(np.bincount(labels, minlength=len(class_names)) == 0)]
    if empty:
        raise DataError(f"no image in class folder {split / empty[0]}: add images or remove the folder")
    return [Path(path) for path, _ in samples], labels
