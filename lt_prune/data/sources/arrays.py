"""What sources of plain arrays share: x_train, y_train, x_test, y_test (the names Keras uses), and class_names by choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lt_prune.errors import DataError
from lt_prune.types import Array

NAMES = ("x_train", "y_train", "x_test", "y_test", "class_names")


def arrays_of(path: Path) -> dict[str, Array]:
    """The arrays of an archive, by name; nothing is unpickled.

    Raises:
        DataError: it is none, or has no training samples.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: name an .npz file that does") from None
    except MemoryError:
        raise
    except Exception as error:  # NumPy and zipfile raise many kinds on damaged files, zlib.error and NotImplementedError too
        raise DataError(f"{path} is not a readable .npz archive of plain arrays{_reason(error)}") from None
    return with_training(arrays, path)


def mapped_arrays(folder: Path) -> dict[str, Array]:
    """The arrays of a folder of .npy files, by name, mapped into memory instead of read; nothing is unpickled.

    Raises:
        DataError: a file is damaged, or there are no training samples.
    """
    arrays = {}
    for path in (folder / f"{name}.npy" for name in NAMES):
        try:
            # A plain array over the mapped file, which workers are sent as they are sent any.
            arrays[path.stem] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except FileNotFoundError:
            continue
        except Exception as error:
            raise DataError(f"{path} is not a readable .npy file of plain numbers{_reason(error)}") from None
    return with_training(arrays, folder)


def _reason(error: Exception) -> str:
    """Why, unless NumPy advises what is no way on: to unpickle objects, which may run code."""
    if "pickle" in str(error):
        return ": it is another kind of file, or holds objects of Python, which are not read; save plain arrays by np.savez"
    return (
        ": it is a single array; save x_train and y_train by np.savez" if "context manager" in str(error) else f" ({error})"
    )


def with_training(arrays: dict[str, Array], path: Path) -> dict[str, Array]:
    """Refuse arrays without training samples.

    Raises:
        DataError: some are missing.
    """
    if missing := [name for name in NAMES[:2] if name not in arrays]:
        raise DataError(f"{path} has no {' and no '.join(missing)}: it holds {', '.join(sorted(arrays)) or 'nothing'}")
    return arrays


def labels_of(arrays: dict[str, Array], name: str, path: Path) -> Array:
    """int64 (N,).

    Raises:
        DataError: they are missing, or no integers (N,).
    """
    labels = arrays.get(name)
    if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels is None or labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        found = "nothing" if labels is None else f"{labels.dtype} {labels.shape}"
        raise DataError(f"{name} in {path} must be integer labels (N,), not {found}")
    return labels.astype(np.int64)


def class_names_of(arrays: dict[str, Array], labels: Array, path: Path, samples: str) -> tuple[str, ...]:
    """Those that are given, or the numbers up to the highest of the training labels; `samples` is what these are called.

    Raises:
        DataError: there is no sample, a label is out of bounds, or the names are no text.
    """
    if "class_names" in arrays:
        return _as_text(arrays["class_names"], path)
    if not len(labels):
        raise DataError(f"x_train in {path} holds no {samples}")
    if labels.max() >= len(labels):
        raise DataError(f"labels in {path} reach {labels.max()}, but there are only {len(labels):,} {samples}s")
    return tuple(str(c) for c in range(int(labels.max()) + 1))


def _as_text(names: Array, path: Path) -> tuple[str, ...]:
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise DataError(f"class_names in {path} must be text (M,), not {names.dtype} {names.shape}")
    try:
        return tuple(np.char.decode(names, "utf-8").tolist() if names.dtype.kind == "S" else names.tolist())
    except UnicodeDecodeError as error:
        raise DataError(f"class_names in {path} are not UTF-8 text ({error})") from None
