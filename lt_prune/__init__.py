"""Build, score and prune long-tailed image data, and see what the pruning cost head, middle and tail.

    import lt_prune as lp

    data = lp.build("cifar10-lt100", reading=lp.Reading(download=True))
    scores = lp.score(data)
    subset = lp.prune(data, scores=scores, metric="avh", ratio=0.45)
    result = lp.train(data, subset=subset)

Names are loaded when they are first used, so importing the package is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lt_prune.faces import found_by

if TYPE_CHECKING:
    from lt_prune.config.compute import Arithmetic as Arithmetic
    from lt_prune.config.compute import Compute as Compute
    from lt_prune.config.reading import Reading as Reading
    from lt_prune.config.recipe import Recipe as Recipe
    from lt_prune.errors import DecisionWarning as DecisionWarning
    from lt_prune.errors import LtPruneError as LtPruneError
    from lt_prune.planning.grid import Grid as Grid
    from lt_prune.reports.advice import Advice as Advice
    from lt_prune.reports.progress import shown_progress as shown_progress
    from lt_prune.runs import Calibration as Calibration
    from lt_prune.runs import Confusion as Confusion
    from lt_prune.runs import Evaluation as Evaluation
    from lt_prune.runs import FailedRun as FailedRun
    from lt_prune.runs import PlannedRun as PlannedRun
    from lt_prune.runs import TrainResult as TrainResult
    from lt_prune.runs import TrainSpec as TrainSpec
    from lt_prune.steps.advise import advise as advise
    from lt_prune.steps.audit import audit as audit
    from lt_prune.steps.build import build as build
    from lt_prune.steps.build import open_set as open_set
    from lt_prune.steps.correlate import correlate as correlate
    from lt_prune.steps.doctor import doctor as doctor
    from lt_prune.steps.evaluate import evaluate as evaluate
    from lt_prune.steps.evaluate import evaluate_each as evaluate_each
    from lt_prune.steps.export import export as export
    from lt_prune.steps.gallery import Sheet as Sheet
    from lt_prune.steps.gallery import gallery as gallery
    from lt_prune.steps.import_outputs import import_outputs as import_outputs
    from lt_prune.steps.import_scores import import_scores as import_scores
    from lt_prune.steps.members import FamilyMember as FamilyMember
    from lt_prune.steps.members import members as members
    from lt_prune.steps.plot import Plot as Plot
    from lt_prune.steps.plot import plot as plot
    from lt_prune.steps.plot import plot_head as plot_head
    from lt_prune.steps.prune import prune as prune
    from lt_prune.steps.register import register as register
    from lt_prune.steps.report import Report as Report
    from lt_prune.steps.report import report as report
    from lt_prune.steps.results import plot_results as plot_results
    from lt_prune.steps.results import results as results
    from lt_prune.steps.run import Comparison as Comparison
    from lt_prune.steps.run import run as run
    from lt_prune.steps.sampler import Sampler as Sampler
    from lt_prune.steps.score import score as score
    from lt_prune.steps.sweep import Sweep as Sweep
    from lt_prune.steps.sweep import sweep as sweep
    from lt_prune.steps.tabulate import score_rows as score_rows
    from lt_prune.steps.torch_subset import torch_subset as torch_subset
    from lt_prune.steps.train import train as train
    from lt_prune.store.files import read_scores as read_scores
    from lt_prune.store.files import read_set as read_set
    from lt_prune.store.files import read_subset as read_subset
    from lt_prune.store.files import write_scores as write_scores
    from lt_prune.store.files import write_set as write_set
    from lt_prune.store.files import write_subset as write_subset
    from lt_prune.store.results import read_result as read_result
    from lt_prune.types import LongTailedSet as LongTailedSet
    from lt_prune.types import MetricScores as MetricScores
    from lt_prune.types import Origin as Origin
    from lt_prune.types import SampleIndex as SampleIndex
    from lt_prune.types import ScoreSet as ScoreSet
    from lt_prune.types import Subset as Subset

_NAMES = {
    "config.compute": ("Arithmetic", "Compute"),
    "config.reading": ("Reading",),
    "config.recipe": ("Recipe",),
    "errors": ("DecisionWarning", "LtPruneError"),
    "planning.grid": ("Grid",),
    "reports.advice": ("Advice",),
    "reports.progress": ("shown_progress",),
    "runs": ("Calibration", "Confusion", "Evaluation", "FailedRun", "PlannedRun", "TrainResult", "TrainSpec"),
    "steps.advise": ("advise",),
    "steps.audit": ("audit",),
    "steps.build": ("build", "open_set"),
    "steps.correlate": ("correlate",),
    "steps.doctor": ("doctor",),
    "steps.evaluate": ("evaluate", "evaluate_each"),
    "steps.export": ("export",),
    "steps.gallery": ("Sheet", "gallery"),
    "steps.import_outputs": ("import_outputs",),
    "steps.import_scores": ("import_scores",),
    "steps.members": ("FamilyMember", "members"),
    "steps.plot": ("Plot", "plot", "plot_head"),
    "steps.prune": ("prune",),
    "steps.register": ("register",),
    "steps.report": ("Report", "report"),
    "steps.results": ("plot_results", "results"),
    "steps.run": ("Comparison", "run"),
    "steps.sampler": ("Sampler",),
    "steps.score": ("score",),
    "steps.sweep": ("Sweep", "sweep"),
    "steps.tabulate": ("score_rows",),
    "steps.torch_subset": ("torch_subset",),
    "steps.train": ("train",),
    "store.files": ("read_scores", "read_set", "read_subset", "write_scores", "write_set", "write_subset"),
    "store.results": ("read_result",),
    "types": ("LongTailedSet", "MetricScores", "Origin", "SampleIndex", "ScoreSet", "Subset"),
}
found_by(lambda: importlib.import_module("lt_prune.steps.faces"))  # how records are shown, drawn and tabulated
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lt_prune' has no attribute {name!r}")
    return getattr(importlib.import_module(f"lt_prune.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
