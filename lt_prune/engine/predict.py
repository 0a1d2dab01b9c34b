"""Prediction and scoring with a frozen network: evaluation mode, no augmentation, the training normalisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from lt_prune.data.batches import plain_batches
from lt_prune.engine.answers import answer
from lt_prune.engine.precision import multiplying
from lt_prune.errors import DivergenceError
from lt_prune.metrics import Metric
from lt_prune.models.network import BATCH, Network, Outputs, folded, joined
from lt_prune.predictors.promised import Promised
from lt_prune.types import Array, Pixels


@torch.inference_mode()
def _outputs(network: Network, pixels: Pixels, batch_size: int, rows: Array | None = None) -> Iterator[Outputs]:
    """Outputs for images uint8 (N, H, W, C), or embeddings float32 (N, D), all or those at `rows`, batch by batch, in order;
    in float32, whatever the network was trained in, so that a run tests itself as it is tested again."""
    network = folded(network)
    with multiplying(network.mean.device, "fp32"):
        for batch in plain_batches(pixels, batch_size, network.mean.device, rows):
            yield network(batch)


def features_of(network: Network, pixels: Pixels, rows: Array | None = None, batch_size: int = BATCH) -> Tensor:
    """Features (N, D) of the samples, all or those at `rows`, as they are predicted from, on the network's device."""
    n_samples = len(pixels) if rows is None else len(rows)
    return joined((outputs.features for outputs in _outputs(network, pixels, batch_size, rows)), n_samples)


def outputs_of(network: Network, pixels: Pixels, rows: Array | None = None) -> Outputs:
    """Outputs for samples, all or those at `rows`, float32 and on the CPU.

    Raises:
        DivergenceError: one is not finite.
    """
    return Outputs.joined(_finite_outputs(network, pixels, BATCH, rows), len(pixels) if rows is None else len(rows))


def probabilities(network: Network, pixels: Pixels, fitted: Sequence[Promised], batch_size: int = BATCH) -> list[Array]:
    """Class probabilities (N, M) float32 by each of several fitted predictors, in one pass.

    Raises:
        DivergenceError: an output is not finite.
        MemberError: a predictor fails, or does not give probabilities.
    """
    found = [np.empty((len(pixels), len(network.weight)), dtype=np.float32) for _ in fitted]
    start = 0
    for batch in _finite_outputs(network, pixels, batch_size):
        for each, predictor in zip(found, fitted):
            each[start : start + len(batch.logits)] = predictor(batch).numpy()
        start += len(batch.logits)
    return found


def _finite_outputs(network: Network, pixels: Pixels, batch_size: int, rows: Array | None = None) -> Iterator[Outputs]:
    for batch in _outputs(network, pixels, batch_size, rows):
        if not batch.is_finite:
            raise DivergenceError("the network predicts numbers that are not finite: lower the learning rate")
        yield batch.cpu()


@torch.inference_mode()
def score_samples(
    network: Network, pixels: Pixels, labels: Array, metrics: dict[str, Metric], batch_size: int = BATCH
) -> tuple[dict[str, Array], float]:
    """Score every sample by every metric in one pass.

    Args:
        network: one ensemble member.
        pixels: uint8 (N, H, W, C).
        labels: int64 (N,).
        metrics: by name.

    Returns:
        float32 (N,) for each metric, and the member's accuracy on these samples.

    Raises:
        MemberError: a metric fails, or does not give one finite number a sample.
        DivergenceError: the network's outputs are not finite.
    """
    # In place, for the reason of `joined`.
    scores = {name: np.empty(len(labels), dtype=np.float32) for name in metrics}
    right = start = 0
    for out in _outputs(network, pixels, batch_size):
        some = slice(start, start := start + len(out.logits))
        own = torch.from_numpy(labels[some]).to(out.logits.device)
        for name, metric in metrics.items():
            scores[name][some] = answer(name, metric, out, own).float().cpu().numpy()
        right += int((out.logits.argmax(dim=1) == own).sum())
    return scores, right / len(labels)
