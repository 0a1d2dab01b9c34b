"""Prediction and scoring with a frozen network: evaluation mode, no augmentation, the training normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from lt_prune.angular import angular_logits
from lt_prune.data.batches import plain_batches
from lt_prune.errors import ArgumentError, DivergenceError
from lt_prune.metrics import METRICS, Metric
from lt_prune.models.network import Network, Outputs, folded
from lt_prune.types import Array, Pixels

PREDICTIONS = ("linear", "angular")
BATCH = 250
"""Images a forward pass: large enough to be fast, small enough that activations stay below those of training."""


@torch.inference_mode()
def _outputs(network: Network, pixels: Pixels, batch_size: int) -> Iterator[Outputs]:
    """Outputs for uint8 images (N, H, W, C), batch by batch, in order."""
    network = folded(network)
    for batch in plain_batches(pixels, batch_size, network.mean.device):
        yield network(batch)


@torch.inference_mode()
def probabilities(network: Network, pixels: Pixels, prediction: str, batch_size: int = BATCH) -> Array:
    """Class probabilities (N, M) float32: softmax of the linear or of the angular logits (Wang & Yan, section 3.1).

    Raises:
        ArgumentError: the prediction is neither "linear" nor "angular".
        DivergenceError: a probability is not finite.
    """
    if prediction not in PREDICTIONS:
        raise ArgumentError(f"prediction must be {' or '.join(PREDICTIONS)}, not {prediction!r}")
    logits = [
        angular_logits(out.features, out.weight) if prediction == "angular" else out.logits
        for out in _outputs(network, pixels, batch_size)
    ]
    predicted = np.asarray(torch.softmax(torch.cat(logits), dim=1).cpu().numpy())
    if not np.isfinite(predicted).all():
        raise DivergenceError("the network predicts numbers that are not finite: lower the learning rate")
    return predicted


@dataclass(frozen=True, eq=False)
class Scoring:
    """Scores every sample by every metric in one pass."""

    pixels: Pixels
    """uint8 (N, H, W, C)."""
    labels: Array
    """int64 (N,)."""
    metrics: tuple[str, ...]
    """By name."""
    batch_size: int = BATCH

    def __call__(self, network: Network) -> tuple[dict[str, Array], float]:
        """Scores by one ensemble member.

        Returns:
            float32 (N,) for each metric, and the member's accuracy on these samples.

        Raises:
            DivergenceError: a score is not finite.
        """
        functions = {name: METRICS.load(name) for name in self.metrics}
        return score_samples(network, self.pixels, self.labels, functions, self.batch_size)


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
        DivergenceError: a score is not finite.
    """
    scores: dict[str, list[torch.Tensor]] = {name: [] for name in metrics}
    right = start = 0
    for out in _outputs(network, pixels, batch_size):
        own = torch.from_numpy(labels[start : start + len(out.logits)]).to(out.logits.device)
        for name, metric in metrics.items():
            scores[name].append(metric(out, own))
        right += int((out.logits.argmax(dim=1) == own).sum())
        start += len(own)
    whole = {name: torch.cat(parts).float().cpu().numpy() for name, parts in scores.items()}
    for name, values in whole.items():
        if not np.isfinite(values).all():
            raise DivergenceError(f"{name} of {np.sum(~np.isfinite(values))} samples is not finite: lower the learning rate")
    return whole, right / len(labels)
