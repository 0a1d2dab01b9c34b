"""How a step tells what it has done."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class Progress(Protocol):
    """Called while a step works, with what it works on and how many epochs of how many are done: when an epoch begins, and
    in a long one every few seconds, with a part of it."""

    def __call__(self, what: str, done: float, total: int) -> None: ...


def no_progress(what: str, done: float, total: int) -> None:
    """Progress that is not shown."""


ALL_RUNS = "all runs"
"""What a step of many runs calls its progress with besides, in images trained on instead of epochs."""


@runtime_checkable
class Announced(Protocol):
    """A progress that is also told in a sentence what the work will be."""

    def announce(self, sentence: str) -> None: ...


class Beforehand:
    """A progress that first tells some sentences, when the work begins: what is refused until then says nothing of them."""

    def __init__(self, progress: Progress, *sentences: str) -> None:
        self._progress, self._sentences = progress, sentences

    def __call__(self, what: str, done: float, total: int) -> None:
        self._begin()
        self._progress(what, done, total)

    def announce(self, sentence: str) -> None:
        """Tell a sentence more."""
        self._begin()
        announce(self._progress, sentence)

    def _begin(self) -> None:
        sentences, self._sentences = self._sentences, ()
        for sentence in sentences:
            announce(self._progress, sentence)


def announce(progress: Progress, sentence: str) -> None:
    """Tell it where it can be told."""
    if isinstance(progress, Announced):
        progress.announce(sentence)
