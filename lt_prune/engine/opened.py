"""A trained run as it was read again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lt_prune.models.network import Network
from lt_prune.runs import TrainResult
from lt_prune.types import LongTailedSet


@dataclass(frozen=True, eq=False)
class OpenRun:
    """A trained run, with its data and its network."""

    folder: Path
    result: TrainResult
    data: LongTailedSet
    network: Network
