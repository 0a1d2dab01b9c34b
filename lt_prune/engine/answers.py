"""What metrics answer: one finite number a sample, of whatever they are a function of."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from lt_prune.data.batches import plain_batches
from lt_prune.engine.precision import multiplying
from lt_prune.errors import DivergenceError, LtPruneError, MemberError
from lt_prune.metrics import Metric, Nearest
from lt_prune.metrics.features import Features
from lt_prune.metrics.observer import Observer
from lt_prune.metrics.probe import Probe
from lt_prune.models.network import BATCH, Network, Outputs, joined
from lt_prune.registry import described
from lt_prune.types import Array, Pixels


@torch.inference_mode()
def score_whole(name: str, metric: Metric, of: Observer | Features, labels: Array) -> tuple[Array, Array | None]:
    """Score every sample of a set by the record of a training, or by the features of the set, float32 (N,); and where the
    metric says it, which other sample each score is of, int32 (N,).

    Raises:
        MemberError: the metric fails, or does not give one finite number a sample.
    """
    place = of.values.device if isinstance(of, Features) else "cpu"
    scores, rows = _answer(name, metric, of, torch.from_numpy(labels).to(place))
    return scores.float().cpu().numpy(), None if rows is None else rows.int().cpu().numpy()


def score_by_network(
    name: str, metric: Metric, network: Network, pixels: Pixels, labels: Array, batch_size: int = BATCH
) -> Array:
    """Score every sample by the network itself, which is in evaluation mode, float32 (N,).

    Raises:
        MemberError: the metric fails, or does not give one finite number a sample.
    """
    device = network.mean.device

    def scores() -> Iterator[Tensor]:
        start = 0
        for samples in plain_batches(pixels, batch_size, device):
            own = torch.from_numpy(labels[start : start + len(samples)]).to(device)
            yield answer(name, metric, Probe(network, samples), own).detach()
            start += len(samples)

    with multiplying(device, "fp32"):
        return joined(scores(), len(labels)).float().cpu().numpy()


def answer(name: str, metric: Metric, of: Outputs | Observer | Features | Probe, labels: Tensor) -> Tensor:
    """Scores (B,) of a batch, or (N,) of a set, by a metric that keeps its promise.

    Raises:
        MemberError: it fails, or does not give one finite number a sample.
        DivergenceError: the outputs are not finite.
    """
    return _answer(name, metric, of, labels)[0]


def _answer(
    name: str, metric: Metric, of: Outputs | Observer | Features | Probe, labels: Tensor
) -> tuple[Tensor, Tensor | None]:
    """The same, with the rows of a `Nearest`."""
    if isinstance(of, Features) and not of.is_finite:
        raise DivergenceError(f"{name} is of features that are not finite")
    try:
        found = metric.function(of, labels)
    except (LtPruneError, MemoryError, torch.cuda.OutOfMemoryError):  # which a run is tried again after
        raise
    except Exception as error:
        raise MemberError(f"metric {name!r} fails: {described(error)}", name) from error
    values, rows = found if isinstance(found, Nearest) else (found, None)
    where = "batch" if isinstance(of, (Outputs, Probe)) else "set"
    if not isinstance(values, Tensor) or values.shape != labels.shape or values.is_complex():
        found = f"{values.dtype} {tuple(values.shape)}" if isinstance(values, Tensor) else type(values).__name__
        expected = f"one number a sample, a tensor {tuple(labels.shape)} of this {where}"
        raise MemberError(f"metric {name!r} must give {expected}, and gave {found}", name)
    if rows is not None and (rows.shape != labels.shape or rows.dtype != torch.int64):
        raise MemberError(f"metric {name!r} must name one other row a sample, int64 {tuple(labels.shape)}", name)
    bad = int((~values.isfinite()).sum())
    if bad and isinstance(of, Outputs) and not of.is_finite:
        raise DivergenceError(f"{name} of {bad} samples is not finite: lower the learning rate")
    if bad:
        those = f"those of {bad} samples in a {where} of {len(labels)} are not"
        raise MemberError(f"metric {name!r} must give finite numbers, and {those}", name)
    return values, rows
