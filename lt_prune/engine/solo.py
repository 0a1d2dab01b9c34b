"""One run in this process, from its first epoch to what is made of the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.train import OnEpoch, train_network
from lt_prune.errors import LtPruneError


def run_one(run: Run, device: torch.device, on_epoch: OnEpoch) -> Outcome:
    """Train a run and finish it; an error of ours becomes its outcome."""
    try:
        trained = train_network(run, device, on_epoch)
        value = run.finish(trained.network) if run.finish else None
    except LtPruneError as error:
        return Outcome(failure=error)
    return Outcome(loss=trained.loss, seconds=trained.seconds, value=value)


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """So many CPU threads for torch while the context lasts; None for as many as it has."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
