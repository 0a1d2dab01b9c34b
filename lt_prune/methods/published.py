"""The published settings of each data set (Wang & Yan, section 4; Zhong et al. 2021): a table, and which row applies."""

from __future__ import annotations

import csv
import math
from functools import cache
from importlib import resources
from typing import Any

WORDS = {"yes": True, "no": False}
CLASSES = {"CIFAR-10-LT": 10, "CIFAR-100-LT": 100, "ImageNet-LT": 1000}


@cache
def published_settings() -> tuple[dict[str, Any], ...]:
    """Rows of data, imbalance and every setting by name."""
    text = resources.files("lt_prune.methods").joinpath("published.csv").read_text()
    return tuple({name: _value(cell) for name, cell in row.items()} for row in csv.DictReader(text.splitlines()))


def nearest(n_classes: int, imbalance: float) -> dict[str, Any]:
    """The row of the published data set most like one's own: by its number of classes, then by its imbalance ratio, both
    compared as ratios.

    Args:
        n_classes: M.
        imbalance: largest class over smallest.
    """
    return min(published_settings(), key=lambda row: unlikeness(n_classes, imbalance, row["data"], row["imbalance"]))


def unlikeness(n_classes: int, imbalance: float, data: str, published: float) -> tuple[float, float]:
    """How unlike one's own data are to published ones, for comparison: by number of classes, and by imbalance ratio.

    Args:
        n_classes, imbalance: of one's own.
        data, published: name and imbalance ratio of the published ones.
    """
    return abs(math.log(n_classes / CLASSES[data])), abs(math.log(imbalance / published))


def _value(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return WORDS.get(cell, cell)
