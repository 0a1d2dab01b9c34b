"""Progress for machines: a JSON object a line.

Each has `event`, `time` (seconds since 1970) and, but for "said", `what`, which is a run's title or "all runs":

- "said": `sentence`, what the work will be;
- "epochs": `done` of `total` epochs, or of "all runs" images trained on; `total` 0 says that a run failed;
- "epoch": one has ended, the `epoch`th: its mean `loss`, the `lr` of its last step, and `images_per_second`;
- "planned", "failed", "result": what a run is, `reason` of a failure, and of a result its accuracies (fractions in [0, 1],
  null where there are no test samples), `loss` of each epoch and `seconds`;
- "network": `loss` of each epoch and `seconds` of one that is no run, such as a member of an ensemble.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from lt_prune.errors import FileError
from lt_prune.progress import Epoch
from lt_prune.runs import FailedRun, PlannedRun, TrainResult
from lt_prune.types import GROUPS

ACCURACIES = ("overall", "balanced", *GROUPS, "ece")
_SPEC = ("name", "method", "strategy", "metric", "keep", "within", "ratio", "seed", "equal")


class Log:
    """A progress that writes to a file, behind what it holds; each line is there as soon as it is told.

    Raises:
        FileError: the file cannot be written, or holds something else.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        _require_ours(self._path)
        try:
            self._file: IO[str] = open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115, closed by __exit__
        except OSError as error:
            raise FileError(f"{path} cannot be written ({error.strerror}): name another file for the log") from None
        if self._file.tell() and not self._path.read_bytes().endswith(b"\n"):  # a kill has cut the last line off
            self._file.write("\n")

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        empty = not self._file.tell()
        self._file.close()
        if empty:  # as what was to be told of was refused
            self._path.unlink(missing_ok=True)

    def __call__(self, what: str, done: float, total: int) -> None:
        self._write("epochs", what=what, done=done, total=total)

    def announce(self, sentence: str) -> None:
        """Write a sentence."""
        self._write("said", sentence=sentence)

    def follow(self, what: str, known: object) -> None:
        """Write what is known of a run."""
        event, facts = facts_of(known)
        self._write(event, what=what, **facts)

    def _write(self, event: str, **facts: Any) -> None:
        self._file.write(json.dumps({"event": event, "time": round(time.time(), 3), **facts}) + "\n")


def facts_of(known: object) -> tuple[str, dict[str, Any]]:
    """What is known of a run, of another network, or of an epoch of either, as plain values, and what to call it."""
    if isinstance(known, Epoch):
        return "epoch", asdict(known)
    if isinstance(known, Mapping):
        return "network", dict(known)
    assert isinstance(known, PlannedRun)
    facts = {name: getattr(known.spec, name) for name in _SPEC}
    if isinstance(known, FailedRun):
        return "failed", {**facts, "reason": known.reason}
    if not isinstance(known, TrainResult):
        return "planned", facts
    reached = {name: getattr(known.evaluation, name) for name in ACCURACIES}
    return "result", {**facts, "n_train": known.n_train, **reached, "loss": list(known.loss), "seconds": known.seconds}


def _require_ours(path: Path) -> None:
    try:
        with open(path, encoding="utf-8") as file:
            first = file.readline()
            ours = not first or "event" in json.loads(first)
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError):
        ours = False
    if not ours:
        raise FileError(f"{path} is no log of ours: name another file for it")
