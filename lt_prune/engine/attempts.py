"""What becomes of a run that dies by an unexpected error: it is tried once more, and is then a failure."""

from __future__ import annotations

import warnings
from collections import Counter

from lt_prune.engine.runs import Outcome, Run
from lt_prune.errors import LtPruneError

ATTEMPTS = 2
REMEDY = "train fewer networks at once with --workers, or smaller batches with --batch-size"
"""What to do where memory ran out, besides what an image's size is due to."""


class Attempts:
    """How often each of several runs has died."""

    def __init__(self) -> None:
        self._died: Counter[int] = Counter()

    def died(self, index: int, run: Run, why: str) -> Outcome | None:
        """The failure of the run with this index; None, and a warning, where it is to be tried once more."""
        self._died[index] += 1
        if self._died[index] == ATTEMPTS:
            remedy = f"; {REMEDY}" if "out of memory" in why else ""
            return Outcome(failure=LtPruneError(f"{run.title} failed {ATTEMPTS} times: {why}{remedy}"))
        warnings.warn(f"{run.title}: {why}; it is tried once more", stacklevel=3)
        return None
