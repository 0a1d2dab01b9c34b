"""Sealed HDF5 files, read whole."""

from __future__ import annotations

from pathlib import Path

from lt_prune.store.hdf5 import Document, open_document


def read_document(path: Path, kind: str) -> Document:
    """What a file holds."""
    with open_document(path, kind) as document:
        return document
