"""Samples that a pruning keeps, or removes, in any case: those that a person has looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.errors import ArgumentError, MismatchError, shown
from lt_prune.given import expect
from lt_prune.types import Array, SampleIndex, hex_id

Ids = Path | str | Sequence[str] | Array
"""A file with an id of 16 hexadecimal digits a line, or ids: such texts, or whole numbers as an index has them."""


@dataclass(frozen=True, eq=False)
class Forced:
    """What is kept and what is removed in any case, bool (N,) each; no sample is both."""

    keep: Array
    drop: Array

    @staticmethod
    def of(keep: Ids | None, drop: Ids | None, index: SampleIndex) -> Forced:
        """Of lists of ids, or of files of them.

        Raises:
            ArgumentError: a list cannot be read or holds what is no id, or a sample is in both.
            MismatchError: one names samples that the index has not.
        """
        kept, dropped = (_rows(name, given, index) for name, given in (("force_keep", keep), ("force_drop", drop)))
        if (both := kept & dropped).any():
            raise ArgumentError(
                f"force_keep and force_drop both name {both.sum():,} samples, such as {hex_id(index.ids[both][0])}: name "
                f"each in one of the two"
            )
        return Forced(kept, dropped)

    def require_room(self, n_remove: int) -> None:
        """Refuse to keep more than is kept in all.

        Raises:
            ArgumentError: it is more.
        """
        n_samples = len(self.keep)
        n_keep = n_samples - n_remove
        if (number := int(self.keep.sum())) > n_keep:
            raise ArgumentError(
                f"force_keep names {number:,} samples, and the ratio keeps {n_keep:,} of {n_samples:,}: ask for a "
                f"ratio of {(n_samples - number) * 10**4 // n_samples / 10**4:g} or less, or name fewer"
            )

    def digests(self, index: SampleIndex) -> dict[str, str]:
        """What tells one list from another, by option; nothing of one that is empty."""
        rows = {"force_keep": self.keep, "force_drop": self.drop}
        return {
            name: hashlib.sha256(index.ids[mask].astype("<u8").tobytes()).hexdigest()
            for name, mask in rows.items()
            if mask.any()
        }

    def told(self, index: SampleIndex) -> dict[str, list[str]]:
        """The ids, by option, as a subset keeps them."""
        rows = {"force_keep": self.keep, "force_drop": self.drop}
        return {name: [*map(hex_id, index.ids[mask])] for name, mask in rows.items() if mask.any()}


def _rows(name: str, given: Ids | None, index: SampleIndex) -> Array:
    """bool (N,): which samples a list names."""
    what = f"{name} ({given})" if isinstance(given, (str, Path)) else name
    ids = np.array([_id(each, what) for each in _listed(name, given)], dtype=np.uint64)
    if unknown := np.setdiff1d(ids, index.ids).tolist():
        raise MismatchError(
            f"{what} names {len(unknown):,} samples that {index.name} has not, such as {hex_id(unknown[0])}: mark them in a "
            f"report of this set"
        )
    return np.isin(index.ids, ids)


def _listed(name: str, given: Ids | None) -> Sequence[Any]:
    """What a list holds; of a file the lines, but for empty ones and remarks."""
    if not isinstance(given, (str, Path)):
        expect(name, given, (list, tuple, np.ndarray, type(None)), "a file of ids, or a list of them")
        return [] if given is None else list(given)
    try:
        lines = Path(given).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{name} {given} cannot be read ({error}): give a file with an id a line") from None
    return [text for line in lines if (text := line.partition("#")[0].strip())]


def _id(given: Any, what: str) -> int:
    """A number of 64 bits, of its 16 hexadecimal digits or as it is."""
    with_digits = isinstance(given, str) and len(given) == 16
    try:
        number = int(given, 16) if with_digits else -1 if isinstance(given, (str, bool, float)) else int(given)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number < 2**64:
        raise ArgumentError(f"{what} must be ids of 16 hexadecimal digits, one a line in a file, not {shown(given)}")
    return number
