"""How fast a network trains here, measured by training it for a few seconds."""

from __future__ import annotations

import time
from dataclasses import replace

import torch

from lt_prune.config.compute import Compute
from lt_prune.data.held_out import split
from lt_prune.data.order import epoch_length
from lt_prune.engine.precision import multiplying
from lt_prune.engine.runs import Run
from lt_prune.engine.session import threads
from lt_prune.engine.train import training
from lt_prune.engine.turns import stream_of

WARM_UP = 3
"""Steps that are not timed: the first ones make what the later ones use."""


def images_per_second(run: Run, compute: Compute, seconds: float = 3.0) -> float | None:
    """Images that one run of such trains on in a second, with the threads of `compute`.

    Nothing is read or written but the images, and the run is not begun.

    Args:
        run: as for `run_all`.
        compute: how.
        seconds: how long to train.

    Returns:
        The speed, or None where the whole run has no more steps than are needed to warm up.
    """
    recipe = run.recipe
    labels = run.labels[run.rows]
    left, _ = split(labels, run.parts.held_out, run.seed)
    length = epoch_length(labels[left], recipe.sampler, recipe.draws)
    n_steps = -(-length // recipe.batch_size)
    images = run.parts.samples(length, n_steps) / n_steps  # of a step, on average
    fresh = replace(run, checkpoint=None, on_trained=None, start=None)
    timed, began, device = 0, 0.0, torch.device(compute.device)
    with threads(compute.n_threads), torch.cuda.stream(stream_of(device)), multiplying(device, compute.precision):
        steps = training(fresh, compute.arithmetic, lambda *, done, ended=None: None)
        for number, _ in enumerate(steps, 1):
            if number == WARM_UP:
                began = time.perf_counter()
            timed = max(0, number - WARM_UP)
            if number == recipe.epochs * n_steps or (timed and time.perf_counter() - began >= seconds):
                break
        _finish(device)
        took = time.perf_counter() - began
        steps.close()
    return timed * images / took if timed else None


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
