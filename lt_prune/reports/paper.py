"""The tables of Wang & Yan as published: numbers by data set, row and column."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from lt_prune.methods.published import unlikeness
from lt_prune.types import SampleIndex

SOURCES = {"CIFAR-10-LT": "cifar10-lt{}", "CIFAR-100-LT": "cifar100-lt{}", "ImageNet-LT": "folder:imagenet-lt"}
"""What to name as --data for the paper's sets, by imbalance."""
NETWORKS = {"ImageNet-LT": " by ResNet50"}
"""What the published numbers are of, where it is no CIFAR-style ResNet."""
GROUPS = {"CIFAR-10-LT": (3, 7), "CIFAR-100-LT": (36, 71), "ImageNet-LT": (390, 835)}
"""The paper's ends of head and starts of tail, which a set read from a folder may lack."""
RECIPES = {"imagenet-lt": {"epochs": 180, "batch_size": 256, "schedule": "cosine"}}
"""The paper's settings of first stages on sets of these names, where they are not the library's defaults."""
MEASURES = {"head": "head", "mid": "middle", "tail": "tail", "all": "overall"}
"""Fields of an evaluation, by the paper's names."""

Ways = Mapping[str, tuple[str, str | None]]
"""Method and prediction of ours that a row of the paper is; None where the prediction is the method's own."""
STAGES: Ways = {
    "MiSLAS stage 1": ("mixup", "linear"),
    "L2A stage 1": ("mixup", "angular"),
    "MiSLAS stage 2": ("mislas", None),
    "L2A stage 2": ("l2a", None),
}
"""Rows of Table 1."""
METHODS: Ways = {
    "Focal loss": ("focal", None),
    "CB loss": ("cb", None),
    "BBN": ("bbn", None),
    "TDE": ("tde", None),
    "LWS": ("lws", None),
    **STAGES,
    "ABS": ("abs", None),
    "AEM": ("aem", None),
    "ALAS": ("alas", None),
    "ATL": ("atl", None),
}
"""Rows of Tables 2 and 3."""


@dataclass(frozen=True)
class Block:
    """What a published table says about one data set."""

    data: str
    """The paper's name of it, such as "CIFAR-10-LT"."""
    imbalance: str
    rows: dict[str, dict[str, float]]
    """Numbers by row and column."""

    @property
    def title(self) -> str:
        return f"{self.data}, imbalance {self.imbalance}"

    @property
    def source(self) -> str:
        """What to name as --data for the same data."""
        return SOURCES[self.data].format(self.imbalance)

    @property
    def columns(self) -> list[str]:
        return list(next(iter(self.rows.values())))

    def is_about(self, name: str) -> bool:
        """Whether a set's name says that it is this data; one with another number of images (-n500) is not."""
        own = self.source.rpartition(":")[2]
        return bool(re.match(rf"{re.escape(own)}(?!-n\d)(-|$)", name))

    def same_classes(self, index: SampleIndex, column: str) -> bool:
        """Whether what the paper means by head, middle or tail is what the set does."""
        return column not in ("head", "mid", "tail") or index.groups == GROUPS[self.data]


def blocks_of(table: str) -> list[Block]:
    """The data sets of a published table, such as "table1", in its order."""
    found: dict[tuple[str, str], Block] = {}
    text = resources.files("lt_prune.reports").joinpath("paper.csv").read_text()
    for line in csv.DictReader(text.splitlines()):
        if line["table"] == table:
            key = line["data"], line["imbalance"]
            block = found.setdefault(key, Block(*key, {}))
            block.rows.setdefault(line["row"], {})[line["column"]] = float(line["value"])
    return list(found.values())


def nearest_block(blocks: Sequence[Block], index: SampleIndex) -> Block:
    """The one about a set's data, else about the data most like it: by number of classes, then by imbalance."""
    imbalance = index.counts.max() / max(index.counts.min(), 1)

    def distance(block: Block) -> tuple[bool, tuple[float, float]]:
        own = unlikeness(index.n_classes, imbalance, block.data, float(block.imbalance))
        return not block.is_about(index.name), own

    return min(blocks, key=distance)
