"""One run, from its first epoch to what is made of the network."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import torch

from lt_prune.config.compute import Arithmetic
from lt_prune.engine.compiling import compiler_failure
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.shared import Shared
from lt_prune.engine.train import OnEpoch, training
from lt_prune.errors import LtPruneError


def run_steps(
    run: Run, arithmetic: Arithmetic, on_epoch: OnEpoch, shared: Shared | None = None
) -> Generator[None, None, Outcome]:
    """Train a run step by step and finish it; an error of ours becomes its outcome. Arguments are those of `training`."""
    try:
        trained = yield from training(run, arithmetic, on_epoch, shared)
        began = time.perf_counter()
        value = run.on_trained(trained) if run.on_trained else None
    except Exception as error:
        failure = error if isinstance(error, LtPruneError) else compiler_failure(error) if arithmetic.compiled else None
        if failure is None:
            raise
        # What is kept with the outcome must not keep the frames of the training, and so its network and graphs.
        failure.__traceback__ = failure.__context__ = failure.__cause__ = None
        return Outcome(failure=failure)
    finishing = time.perf_counter() - began
    return Outcome(
        loss=trained.loss, seconds=trained.seconds, value=value, finishing=finishing, arithmetic=trained.arithmetic
    )


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """So many CPU threads for torch while the context lasts; None for as many as it has."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
