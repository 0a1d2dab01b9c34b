"""Losses and accuracies of runs for TensorBoard, by the extra `tensorboard`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lt_prune.errors import ArgumentError
from lt_prune.reports.log import ACCURACIES, facts_of


class Board:
    """A progress that writes the scalars of each run below a folder of its own: those of an epoch as it ends, accuracies at
    the end of the run, when they are measured. What was written is on disk at once, where an open TensorBoard finds it.

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
        self._open: dict[str, _Open] = {}
        """Those of runs that are at work, by title."""

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        for title in [*self._open]:
            self._close(title)

    def __call__(self, what: str, done: float, total: int) -> None:
        """How many epochs are done is no scalar."""

    def follow(self, what: str, known: object) -> None:
        """Write what an epoch came to, or a run."""
        event, facts = facts_of(known)
        if event == "epoch":
            self._of(what).write(facts.pop("epoch"), facts)
        elif event in ("result", "network"):
            self._of(what).write_end(facts)
        if event in ("result", "network", "failed"):
            self._close(what)

    def _of(self, title: str) -> _Open:
        if title not in self._open:
            folder = self._folder / re.sub(r"[^\w.=+-]+", "-", title)
            there = folder.exists()
            self._open[title] = _Open(self._writer(str(folder)), there)
        return self._open[title]

    def _close(self, title: str) -> None:
        if title in self._open:
            self._open.pop(title).writer.close()


@dataclass
class _Open:
    """The writer of a run."""

    writer: Any
    goes_on: bool
    """Whether an earlier call has begun to write of this run."""
    written: set[int] = field(default_factory=set)
    """Epochs."""

    def write(self, epoch: int, scalars: dict[str, float]) -> None:
        """Scalars after so many epochs."""
        for tag, value in scalars.items():
            self.writer.add_scalar(tag, value, epoch)
        self.writer.flush()
        self.written.add(epoch)

    def write_end(self, facts: dict[str, Any]) -> None:
        """What is known at the end, losses of epochs that nobody told of among it; an earlier call has told of its own."""
        losses = dict(enumerate(facts["loss"], 1))
        for epoch, loss in losses.items():
            if not self.goes_on and epoch not in self.written:
                self.write(epoch, {"loss": loss})
        tested = {f"test/{name}": facts[name] for name in ACCURACIES if facts.get(name) is not None}
        self.write(len(losses), {**tested, "seconds": facts["seconds"]})
