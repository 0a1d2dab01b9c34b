"""What watches a run, and what of it there is no record of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lt_prune.errors import FileError, LtPruneError, is_out_of_memory
from lt_prune.metrics.observer import Observer, broken_promise
from lt_prune.models.network import Outputs
from lt_prune.registry import described
from lt_prune.store.weights import load_state

_TRIED = 64
"""Samples of a set that an observer is tried on."""


class Observers:
    """The observers of a run by name.

    Args:
        kinds: what is to watch, by name.
        n_samples: N, of the set.
        n_classes: M.
    """

    def __init__(self, kinds: Mapping[str, type[Observer]], n_samples: int, n_classes: int) -> None:
        self.watching: dict[str, Observer] = {}
        self.lacking: dict[str, str] = {}
        """Why there is no record of the others, in words."""
        for name, kind in kinds.items():
            try:
                few = min(n_samples, _TRIED)  # as a record may be as large as all else in memory
                broken = broken_promise(kind(few, n_classes), few, n_classes)
                observer = kind(n_samples, n_classes)
            except Exception as error:
                if isinstance(error, LtPruneError) or is_out_of_memory(error):
                    raise
                broken = f"fails: {described(error)}"
            if broken:
                self.lacking[name] = f"its observer {broken}"
            else:
                self.watching[name] = observer

    def __bool__(self) -> bool:
        return bool(self.watching)

    def to(self, device: torch.device) -> Observers:
        """The same, its records on a device."""
        for observer in self.watching.values():
            observer.to(device)
        return self

    @property
    def nbytes(self) -> int:
        """Of all records."""
        return sum(buffer.nbytes for observer in self.watching.values() for buffer in observer.buffers())

    @torch.no_grad()
    def begin_epoch(self, epoch: int, epochs: int) -> None:
        for observer in self.watching.values():
            observer.begin_epoch(epoch, epochs)

    @torch.no_grad()
    def end_epoch(self) -> None:
        for observer in self.watching.values():
            observer.end_epoch()

    @torch.no_grad()
    def __call__(self, rows: Tensor, outputs: Outputs, target: Tensor) -> None:
        """Show all of them a step."""
        outputs = outputs.detach()
        for observer in self.watching.values():
            observer(rows, outputs, target)

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Their records."""
        return {name: observer.state_dict() for name, observer in self.watching.items()}

    def restore(self, path: Path, saved: Any) -> None:
        """Go on with the records that were read of a checkpoint; of what has none there, there is none at all."""
        kept = saved if isinstance(saved, dict) else {}
        for name in list(self.watching):
            try:
                if name in kept:
                    load_state(path, "record", self.watching[name], kept[name])
                    continue
                self.lacking[name] = f"{path} was trained without one"
            except FileError as error:
                self.lacking[name] = str(error)
            del self.watching[name]
