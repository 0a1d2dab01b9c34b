"""Versions of this package and of the libraries that results depend on."""

from __future__ import annotations

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Name -> version, Python's among them."""
    names = ("lt-prune", "torch", "torchvision", "numpy", "scikit-learn", "h5py")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
