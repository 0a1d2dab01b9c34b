"""The recall of each class as a table that others make."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lt_prune.errors import ArgumentError
from lt_prune.types import Array


def read_recall(file: Path | str, class_names: Sequence[str]) -> Array:
    """float64 (M,): the recall of each class, by a csv file with the columns `class` and `recall`, in any order.

    Raises:
        ArgumentError: it cannot be read, has other columns, or does not have each class once.
    """
    try:
        with open(file, newline="", encoding="utf-8-sig") as lines:
            rows = list(csv.DictReader(lines))
        found = {row["class"]: float(row["recall"]) for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArgumentError(f"{file} cannot be read ({error}): give a csv file with the columns class and recall") from None
    except (KeyError, TypeError, ValueError):
        raise ArgumentError(f"{file} must be a csv file with the columns class and recall, a number a class") from None
    if len(rows) != len(class_names) or set(found) != set(class_names):
        wrong = next(iter(set(class_names) ^ set(found)), "one of them")
        raise ArgumentError(f"{file} must have each of the {len(class_names)} classes once: look at {wrong}")
    return np.array([found[name] for name in class_names])
