"""Copies in words: which sample is one of which other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lt_prune.types import Array, LongTailedSet, SampleIndex

SHOWN = 10
"""Copies that are named in a line; --json names all."""


def told_copies(
    index: SampleIndex,
    rows: Array,
    of: Array,
    similarity: Array | None = None,
    tell: Callable[[int], dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """A dictionary for each copy: id, file, source_index and class; `of`, the same of what it is a copy of, None where that
    is not known; and `similarity`, a cosine, None of exact copies.

    Args:
        index: of the set.
        rows: int (R,), of the copies.
        of: int (R,), of what each is a copy of; -1 where that is not known.
        similarity: float (R,), not a number for exact copies; None where all are.
        tell: what there is to say of the samples in `of`, where these are not of the set.
    """
    tell = tell or (lambda row: told_sample(index, row))
    alike = np.full(len(rows), np.nan) if similarity is None else similarity
    return [
        {
            **told_sample(index, row),
            "of": tell(other) if other >= 0 else None,
            "similarity": None if np.isnan(cosine) else float(cosine),
        }
        for row, other, cosine in zip(rows.tolist(), of.tolist(), alike)
    ]


def told_sample(index: SampleIndex, row: int) -> dict[str, Any]:
    """Id, file, source_index and class of a sample."""
    return {**index.told(row), "class": index.class_names[index.labels[row]]}


def told_test_sample(data: LongTailedSet | None, row: int) -> dict[str, Any]:
    """Place in the test set, file and class of a test sample; its place alone where there are no data, or where they have
    fewer test samples than what the scores were made with."""
    if data is None or row >= len(data.test_labels):
        return {"test_index": row, "file": None, "class": None}
    file = data.test_file_names[row] if data.test_file_names else None
    return {"test_index": row, "file": file, "class": data.index.class_names[data.test_labels[row]]}


def in_words(copies: Sequence[Mapping[str, Any]]) -> str:
    """The first ten in one line."""
    more = f", and {len(copies) - SHOWN:,} more" if len(copies) > SHOWN else ""
    return ", ".join(map(copy_in_words, copies[:SHOWN])) + more


def copy_in_words(copy: Mapping[str, Any]) -> str:
    """As in "a.png (of b.png, 0.9981)"."""
    other, cosine = copy["of"], copy["similarity"]
    told = [f"of {sample_in_words(other)}"] if other else []
    told += [] if cosine is None else [f"{cosine:.4f}"]
    return f"{sample_in_words(copy)} ({', '.join(told)})" if told else sample_in_words(copy)


def sample_in_words(sample: Mapping[str, Any]) -> str:
    """Its file, or what else tells it from others."""
    return str(sample["file"] or sample.get("id") or f"test sample {sample['test_index']}")
