"""The ensembles that rank for the trainings of `run` and of `sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lt_prune.config.compute import Compute
from lt_prune.planning import paths
from lt_prune.planning.plan import Asked
from lt_prune.planning.recipes import network_of
from lt_prune.progress import Progress
from lt_prune.steps.score import score
from lt_prune.steps.workload import Work, work_of_members
from lt_prune.types import LongTailedSet, ScoreSet


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensembles:
    """Those of one set, each named by its seed."""

    data: LongTailedSet
    root: Path
    """Folder that scores/ is below."""
    asked: Asked
    """The trainings that they rank for, whose network they have."""
    members: int
    epochs: int

    def file(self, seed: int) -> Path:
        """Where the scores of one are, or will be."""
        return self.root / paths.scores_path(self.data.index, seed)

    def work(self, seed: int) -> Work:
        """What is left to train of one."""
        how = {"members": self.members, "epochs": self.epochs, "seed": seed}
        return work_of_members(self.file(seed), self.data, self.asked, **how)

    def scores(self, seed: int, metrics: Sequence[str], compute: Compute, progress: Progress) -> ScoreSet:
        """Scores by one, trained where they are missing, with these metrics among them."""
        return score(
            self.data,
            metric=metrics,
            members=self.members,
            seed=seed,
            compute=compute,
            out=self.file(seed),
            overwrite=self.asked.overwrite,
            mix_compute=bool(self.asked.mix_compute),
            progress=progress,
            epochs=self.epochs,
            **network_of(self.asked.settings),
        )
