"""How a step tells what it has done."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called while a step works, with what it works on and how many epochs of how many are done."""

    def __call__(self, what: str, done: int, total: int) -> None: ...


def no_progress(what: str, done: int, total: int) -> None:
    """Progress that is not shown."""


ALL_RUNS = "all runs"
"""What a step of many runs calls its progress with besides, in images trained on instead of epochs."""
