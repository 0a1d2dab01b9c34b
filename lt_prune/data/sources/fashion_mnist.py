"""Fashion-MNIST (Xiao et al. 2017) from its four gzipped IDX files."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.places import data_root
from lt_prune.errors import DataError
from lt_prune.types import Array

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FILES = (
    ("train-images-idx3-ubyte.gz", 3),
    ("train-labels-idx1-ubyte.gz", 1),
    ("t10k-images-idx3-ubyte.gz", 3),
    ("t10k-labels-idx1-ubyte.gz", 1),
)
"""Names of the files and their numbers of axes."""
CLASS_NAMES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")


def fashion_mnist(request: Request) -> Source:
    """Read the 60,000 + 10,000 grey images of 28 x 28.

    Raises:
        DataError: the four files are not all there, or one is not an IDX file of unsigned bytes.
    """
    request.refuse_file_options("fashion-mnist")
    folder = _find(request.path)
    images, labels, test_images, test_labels = (_read(folder / name, n_axes) for name, n_axes in FILES)
    return Source(
        pixels=images[..., None],
        labels=labels.astype(np.int64),
        test_pixels=test_images[..., None],
        test_labels=test_labels.astype(np.int64),
        class_names=CLASS_NAMES,
        imbalance=100,
    )


def read_idx(path: Path) -> Array:
    """Read a gzipped IDX file of unsigned bytes; the layout is a magic number, the sizes, the bytes.

    Raises:
        DataError: the file is missing, not gzip, truncated, or holds another type.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} is missing: the folder must hold Fashion-MNIST's four idx*-ubyte.gz files") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a whole gzip file ({error}): fetch it again") from None
    n_axes = content[3] if content[:3] == bytes((0, 0, 8)) and len(content) > 3 else 0
    start = 4 + 4 * n_axes
    if not n_axes or len(content) < start:
        raise DataError(f"{path} is not an IDX file of unsigned bytes: fetch it again")
    shape = struct.unpack_from(f">{n_axes}I", content, 4)
    if len(content) - start != math.prod(shape):
        raise DataError(f"{path} announces {math.prod(shape):,} bytes but holds {len(content) - start:,}: fetch it again")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _read(path: Path, n_axes: int) -> Array:
    array = read_idx(path)
    if array.ndim != n_axes:
        raise DataError(f"{path} has {array.ndim} axes, and {n_axes} were expected: fetch it again")
    return array


def _find(path: Path | None) -> Path:
    places = [path] if path else [DEBIAN, data_root() / "fashion-mnist"]
    for place in places:
        if (place / FILES[0][0]).exists():
            return place
    if path:
        raise DataError(
            f"Fashion-MNIST is not in {path}: that folder has no {FILES[0][0]}, the first of its four gzip files"
        )
    raise DataError(
        f"Fashion-MNIST is not in {' or '.join(map(str, places))}: install Debian's dataset-fashion-mnist, or give the "
        f"folder of its four gzip files as fashion-mnist:PATH"
    )
