"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), read and downloaded by torchvision."""

from __future__ import annotations

import pickle

import numpy as np

from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.places import data_root
from lt_prune.errors import DataError


def cifar10(request: Request) -> Source:
    """Read CIFAR-10: 5,000 training and 1,000 test images a class, 32 x 32 RGB."""
    return _cifar("CIFAR10", request, groups=(3, 7))


def cifar100(request: Request) -> Source:
    """Read CIFAR-100 with its fine labels: 500 training and 100 test images a class, 32 x 32 RGB."""
    return _cifar("CIFAR100", request, groups=(36, 71))


def _cifar(name: str, request: Request, groups: tuple[int, int]) -> Source:
    import torchvision

    request.refuse_file_options(name)
    root = request.path or data_root()
    try:
        train, test = (
            getattr(torchvision.datasets, name)(str(root), train=train, download=request.download) for train in (True, False)
        )
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
        why = "not found, or damaged" if "not found or corrupted" in str(error) else str(error).splitlines()[0]
        raise DataError(f"{name} cannot be read in {root} ({why}): {_remedy(name, request)}") from None
    return Source(
        pixels=train.data,
        labels=np.asarray(train.targets, dtype=np.int64),
        test_pixels=test.data,
        test_labels=np.asarray(test.targets, dtype=np.int64),
        class_names=tuple(train.classes),
        groups=groups,
        imbalance=100,
    )


def _remedy(name: str, request: Request) -> str:
    if request.download:
        return "check the network"
    if request.path:
        return "add --download, or name the folder that torchvision has kept it in"
    return f"add --download, or name its place as {name.lower()}:PATH"
