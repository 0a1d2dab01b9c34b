"""Versions of this package and of the libraries that results depend on."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

EXTRAS = ("datasets", "pandas", "pyarrow", "safetensors", "tensorboard", "timm")
"""Libraries that some commands need, each an extra of its name."""


def extras() -> dict[str, str | None]:
    """Version of each of these; None where it is not installed."""
    found: dict[str, str | None] = dict.fromkeys(EXTRAS)
    for name in EXTRAS:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def versions() -> dict[str, str]:
    """Name -> version, Python's among them."""
    names = ("lt-prune", "torch", "torchvision", "numpy", "scikit-learn", "h5py")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
