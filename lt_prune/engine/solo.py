"""One run, from its first epoch to what is made of the network."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.train import OnEpoch, training
from lt_prune.errors import LtPruneError


def run_steps(
    run: Run, device: torch.device, on_epoch: OnEpoch, *, precision: str = "tf32", compiled: bool = False
) -> Generator[None, None, Outcome]:
    """Train a run step by step and finish it; an error of ours becomes its outcome."""
    try:
        trained = yield from training(run, device, on_epoch, precision=precision, compiled=compiled)
        began = time.perf_counter()
        value = run.finish(trained.network) if run.finish else None
    except LtPruneError as error:
        return Outcome(failure=error)
    finishing = time.perf_counter() - began
    return Outcome(loss=trained.loss, seconds=trained.seconds, value=value, finishing=finishing)


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """So many CPU threads for torch while the context lasts; None for as many as it has."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def tensor_float_32(precision: str) -> Iterator[None]:
    """Let CUDA multiply in TF32 while the context lasts, unless "fp32" is asked for."""
    backends: tuple[Any, ...] = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = precision != "fp32"
    try:
        yield
    finally:
        for backend, allowed in zip(backends, before):
            backend.allow_tf32 = allowed
