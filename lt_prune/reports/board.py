"""Losses and accuracies of runs for TensorBoard, by the extra `tensorboard`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lt_prune.errors import ArgumentError
from lt_prune.reports.log import ACCURACIES, facts_of


class Board:
    """A progress that writes the scalars of each run below a folder of its own, when it ends.

    Raises:
        ArgumentError: the extra is not installed.
    """

    def __init__(self, folder: Path | str) -> None:
        try:
            from tensorboard.summary import Writer
        except ImportError:
            raise ArgumentError(
                "scalars are written by tensorboard, which is not installed: pip install 'lt-prune[tensorboard]'"
            ) from None
        self._folder, self._writer = Path(folder), Writer

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        """Each run's file is closed already."""

    def __call__(self, what: str, done: float, total: int) -> None:
        """Epochs have no scalars of their own: losses come with the result."""

    def follow(self, what: str, known: object) -> None:
        """Write the loss of each epoch, and the accuracies after the last."""
        event, facts = facts_of(known)
        if event in ("result", "network"):
            writer = self._writer(str(self._folder / re.sub(r"[^\w.=+-]+", "-", what)))
            for tag, value, epoch in _scalars(facts):
                writer.add_scalar(tag, value, epoch)
            writer.close()


def _scalars(facts: dict[str, Any]) -> list[tuple[str, float, int]]:
    """Tag, value, and after how many epochs."""
    losses = [("loss", value, epoch) for epoch, value in enumerate(facts["loss"], 1)]
    tested = [(f"test/{name}", facts[name], len(losses)) for name in ACCURACIES if facts.get(name) is not None]
    return [*losses, *tested, ("seconds", facts["seconds"], len(losses))]
