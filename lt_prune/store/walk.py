"""A walk through an HDF5 file that anyone may have written: it leads to plain arrays within the file, and nowhere else.

What is read is bounded by the file's own size before it is read: an array lies in the file as it is, in one piece.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from lt_prune.errors import ArgumentError
from lt_prune.types import Array

_PLAIN = "biuf"
"""Kinds of NumPy's types that hold numbers."""


def walk(file: h5py.File, size: int) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Every group and array of a file of `size` bytes, by path; arrays can then be read.

    Raises:
        ArgumentError: there is a link that leads elsewhere or in a circle, or an array that is more than numbers or text, or
            does not lie in the file in one piece.
    """
    places, left = {file.id: ""}, size
    seen = {_address(file)}
    while places:
        group, prefix = places.popitem()
        for name in group:
            path = f"{prefix}{name.decode()}"
            node = _node(group, name, path)
            if _address(node) in seen:
                raise ArgumentError(f"{path} is there twice")
            seen.add(_address(node))
            if isinstance(node, h5py.Group):
                places[node.id] = f"{path}/"
            else:
                left -= _check_array(node, path)
                if left < 0:
                    raise ArgumentError(f"{path} is larger than the file")
            yield path, node


def read_array(dataset: h5py.Dataset) -> Array:
    """An array of numbers, or of text as objects."""
    return np.asarray(dataset.asstr()[:] if h5py.check_string_dtype(dataset.dtype) else dataset[:])


def read_attributes(node: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """What a group says of itself: single numbers and words.

    Raises:
        ArgumentError: something else is among them.
    """
    found = {}
    for key in node.attrs:
        kept = node.attrs.get_id(key)
        if kept.shape != () or not (kept.dtype.kind in _PLAIN or h5py.check_string_dtype(kept.dtype)):
            raise ArgumentError(f"{key} is no number and no text")
        value = node.attrs[key]
        found[key] = value.item() if isinstance(value, np.generic) else value
    return found


def _node(group: h5py.h5g.GroupID, name: bytes, path: str) -> h5py.Group | h5py.Dataset:
    if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
        raise ArgumentError(f"{path} is a link to somewhere else")
    node = h5py.h5o.open(group, name)
    if isinstance(node, h5py.h5g.GroupID):
        return h5py.Group(node)
    if isinstance(node, h5py.h5d.DatasetID):
        return h5py.Dataset(node)
    raise ArgumentError(f"{path} is no group and no array")


def _address(node: h5py.Group | h5py.Dataset) -> int:
    return int(h5py.h5o.get_info(node.id).addr)


def _check_array(array: h5py.Dataset, path: str) -> int:
    """Bytes that an array has in the file."""
    text = h5py.check_string_dtype(array.dtype)
    if not (text.length is not None if text else array.dtype.kind in _PLAIN):
        raise ArgumentError(f"{path} holds {array.dtype} values, which are no plain numbers")
    if not array.shape:
        raise ArgumentError(f"{path} is no list")
    layout = array.id.get_create_plist().get_layout()
    in_one_piece = layout in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT) and not array.external and not array.is_virtual
    n_bytes: int = math.prod(array.shape) * array.dtype.itemsize
    if not in_one_piece or array.id.get_storage_size() != n_bytes:
        raise ArgumentError(f"{path} does not lie in the file in one piece")
    return n_bytes
