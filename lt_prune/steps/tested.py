"""Runs on a whole set, and their tests by any prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lt_prune.config.compute import Compute
from lt_prune.planning.paths import run_path
from lt_prune.runs import Evaluation, FailedRun, TrainResult
from lt_prune.steps.evaluate import evaluate, evaluate_each
from lt_prune.types import LongTailedSet


@dataclass(frozen=True, kw_only=True)
class WholeRuns:
    """Runs on a whole set, a run a seed, by method or by what else they are called."""

    data: LongTailedSet
    root: Path
    """What runs/ is below."""
    compute: Compute
    runs: Mapping[str, Sequence[TrainResult | FailedRun]]

    @property
    def every(self) -> list[TrainResult | FailedRun]:
        return [run for runs in self.runs.values() for run in runs]

    @property
    def failures(self) -> list[FailedRun]:
        return [run for run in self.every if isinstance(run, FailedRun)]

    def tested(self, name: str, prediction: str | None = None) -> list[Evaluation]:
        """A test for each seed that has a result; by default as its run predicts."""
        if prediction is None:
            return [run.evaluation for run in self._results(name)]
        return [evaluate(each, self.data, prediction=prediction, compute=self.compute) for each in self._folders(name)]

    def tested_by_abs(self, name: str, strengths: Sequence[float], form: str) -> list[dict[float, Evaluation]]:
        """The same by ABS, each by strength."""
        how: dict[str, Any] = {"prediction": "abs", "s": strengths, "abs_form": form}
        every = [evaluate_each(each, self.data, compute=self.compute, **how) for each in self._folders(name)]
        return [{settings["s"]: evaluation for settings, evaluation in found} for found in every]

    def _results(self, name: str) -> list[TrainResult]:
        return [run for run in self.runs[name] if isinstance(run, TrainResult)]

    def _folders(self, name: str) -> list[Path]:
        return [self.root / run_path(run.name, name, run.seed) for run in self._results(name)]
