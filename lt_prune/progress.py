"""How a step tells what it has done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class Progress(Protocol):
    """Called while a step works, with what it works on and how many epochs of how many are done: when an epoch begins, and
    in a long one every few seconds, with a part of it."""

    def __call__(self, what: str, done: float, total: int) -> None: ...


def no_progress(what: str, done: float, total: int) -> None:
    """Progress that is not shown."""


ALL_RUNS = "all runs"
"""What a step of many runs calls its progress with besides, in images trained on instead of epochs."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What is known of an epoch when it has ended."""

    epoch: int
    """Its number, from 1."""
    loss: float
    """Mean over its samples."""
    lr: float
    """Learning rate of its last step."""
    images_per_second: float


@runtime_checkable
class Announced(Protocol):
    """A progress that is also told in a sentence what the work will be."""

    def announce(self, sentence: str) -> None: ...


@runtime_checkable
class Following(Protocol):
    """A progress that is also told what is known of a run: a `PlannedRun`, which may be a failure or a result; or of another
    network, such as a member of an ensemble, a mapping of facts; and of either an `Epoch` as it ends."""

    def follow(self, what: str, known: object) -> None: ...


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

    def follow(self, what: str, known: object) -> None:
        """Tell what is known of a run."""
        tell(self._progress, what, known)

    def _begin(self) -> None:
        sentences, self._sentences = self._sentences, ()
        for sentence in sentences:
            announce(self._progress, sentence)


def announce(progress: Progress, sentence: str) -> None:
    """Tell it where it can be told."""
    if isinstance(progress, Announced):
        progress.announce(sentence)


def tell(progress: Progress, what: str, known: object) -> None:
    """Tell it what is known of a run, where it follows that."""
    if isinstance(progress, Following):
        progress.follow(what, known)


class Together:
    """Several, each of which is told everything."""

    def __init__(self, *progresses: Progress) -> None:
        self._progresses = progresses

    def __call__(self, what: str, done: float, total: int) -> None:
        for each in self._progresses:
            each(what, done, total)

    def announce(self, sentence: str) -> None:
        """Tell a sentence."""
        for each in self._progresses:
            announce(each, sentence)

    def follow(self, what: str, known: object) -> None:
        """Tell what is known of a run."""
        for each in self._progresses:
            tell(each, what, known)
