"""Pickles, which are not read."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from lt_prune.errors import DataError


def read(path: Path) -> NoReturn:
    """Refuse a pickle, and say what to make of it.

    Raises:
        DataError: always.
    """
    raise DataError(
        f"{path} is a pickle, which may run any program when it is read: where you trust it, save its tensors by "
        f'torch.save(pickle.load(open("{path.name}", "rb")), "{path.stem}.pt"), and give that file'
    )
