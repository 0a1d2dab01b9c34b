"""Executors: where runs are trained, and how many at once. None of them decides a number.

Each is a generator function of runs, how they are computed, and the progress that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from lt_prune.config.compute import Compute
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.runs import Outcome
from lt_prune.errors import shown
from lt_prune.progress import Progress
from lt_prune.registry import Registry

__all__ = ["EXECUTORS", "Executor", "Outcomes"]

Outcomes = Generator[tuple[int, Outcome], None, None]
"""(index, outcome) of each run, once, as it ends."""


def _nothing(compute: Compute) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Executor:
    """How to train runs, and where that can be done."""

    execute: Callable[[RunQueue, Compute, Progress], Outcomes]
    """A generator function that takes runs while it has workers for them, and yields (index, outcome) of each when it ends.
    Runs and outcomes are plain values that can be pickled; `lt_prune.engine.turns.run_alone` makes one of the other, in any
    process. Where the generator is closed, nothing of it goes on."""
    refuses: Callable[[Compute], str] = _nothing
    """Why it cannot train so, on this device or this system, in words that follow "as"; "" where it can."""


def _accept(found: Any) -> Executor:
    """An executor that keeps the promises which can be checked without a run."""
    if not isinstance(found, Executor):
        raise ValueError(f"must be an Executor, not {shown(found)}")
    for name in ("execute", "refuses"):
        if not callable(getattr(found, name)):
            raise ValueError(f"must have a function as its {name}, not {getattr(found, name)!r}")
    return found


EXECUTORS: Registry[Executor] = Registry(
    "executor",
    "lt_prune.executors",
    {
        "session": "lt_prune.engine.executors.session:session",
        "processes": "lt_prune.engine.executors.processes:processes",
        "cuda": "lt_prune.engine.executors.cuda:cuda",
    },
    _accept,
)
