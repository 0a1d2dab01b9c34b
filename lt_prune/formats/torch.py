"""What `torch.save` writes, weights only: a tensor, or a dictionary of them, as CCS and DeepCore have scores."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.errors import DataError
from lt_prune.formats.table import UNNAMED, Table, columns_of, reading
from lt_prune.types import Array

_WITHIN = "subset"
"""Where a checkpoint of DeepCore has what was selected, and the scores."""


def read(path: Path) -> Table:
    """A tensor (N,), or those in a dictionary; nothing is unpickled but numbers and words.

    Raises:
        DataError: it holds anything else.
    """
    import torch

    with reading(path, "a torch file of tensors alone: save scores by torch.save({name: tensor}, FILE)"), _arrays_allowed():
        content = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(content, Mapping) and isinstance(content.get(_WITHIN), Mapping):
        content = content[_WITHIN]
    found = content if isinstance(content, Mapping) else {UNNAMED: content}
    table = columns_of({name: _as_array(value) for name, value in found.items() if _is_list(value)})
    if not table:
        raise DataError(f"{path} must hold a number a sample, tensors (N,) by name or one alone")
    return table


def _arrays_allowed() -> AbstractContextManager[Any]:
    """Arrays of NumPy are plain numbers, too; torch before 2.5 does not read them so."""
    import torch

    allowing = getattr(torch.serialization, "safe_globals", None)
    if allowing is None:
        return nullcontext()
    kinds = {type(np.dtype(each)) for each in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")}
    rebuilt = np.zeros(1).__reduce__()[0]
    context: AbstractContextManager[Any] = allowing([rebuilt, np.ndarray, np.dtype, *kinds])
    return context


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1


def _as_array(value: Any) -> Array:
    plain = value.detach() if hasattr(value, "detach") else value
    return np.asarray(plain.float() if str(getattr(plain, "dtype", "")) == "torch.bfloat16" else plain)
