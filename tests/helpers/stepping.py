"""A run trained step by step in this process, as an executor does it."""

from __future__ import annotations

from collections.abc import Callable

from lt_prune.config.compute import Arithmetic
from lt_prune.engine.runs import Run, Trained
from lt_prune.engine.train import training


class StoppedError(Exception):
    """What an interruption raises here."""


def train(run: Run, stop_at: int | None = None, on_epoch: Callable[..., None] | None = None) -> Trained:
    """Train to the end, or until so many epochs are done.

    Raises:
        StoppedError: they are.
    """

    def after_epoch(*, done: int) -> None:
        if on_epoch:
            on_epoch(done=done)
        if done == stop_at:
            raise StoppedError

    steps = training(run, Arithmetic(), after_epoch)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
