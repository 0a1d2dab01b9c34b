"""Whether runs can begin, found out before anything makes way for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lt_prune.config.compute import Compute
from lt_prune.engine import run_all
from lt_prune.engine.devices import n_workers
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.runs import Run

_FEW = 2
"""Samples that tell the shape of all."""


def check_begin(runs: Sequence[Run], compute: Compute) -> None:
    """Begin a run of each kind, where it will be trained, and end it before its first step: its network is built, given its
    weights and shown two samples, and its loss is made, and what is to watch it. No state is kept, or gone on from.

    Raises:
        LtPruneError: one of them cannot begin.
    """
    kinds: dict[tuple[object, ...], Run] = {}
    made = {run.checkpoint for run in runs if run.checkpoint}
    for run in runs:
        begun = _begun(run, None if run.start in made else run.start)
        alike = run.identity["method"], run.recipe.model, run.recipe.freeze, run.weights, begun.start
        kinds.setdefault(alike, begun)
    in_workers = n_workers(RunQueue(runs), compute) > 1
    for _, outcome in run_all(list(kinds.values()), compute, isolate=in_workers):
        outcome.unwrap()


def _begun(run: Run, start: Path | None) -> Run:
    few = run.rows[:_FEW]
    return replace(
        run,
        pixels=run.pixels[few],
        labels=run.labels[few],
        rows=np.arange(len(few)),
        recipe=replace(run.recipe, epochs=0, trained="nothing"),
        start=start,
        checkpoint=None,
        on_trained=None,
    )
