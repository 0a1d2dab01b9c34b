"""Prediction and scoring with a frozen network: evaluation mode, no augmentation, the training normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lt_prune.angular import AngularBiasSmoothing, angular_logits
from lt_prune.data.batches import plain_batches
from lt_prune.engine.precision import multiplying
from lt_prune.errors import ArgumentError, DivergenceError, LtPruneError, MemberError
from lt_prune.metrics import Metric
from lt_prune.models.network import Network, Outputs, folded
from lt_prune.registry import described
from lt_prune.types import Array, Pixels

BATCH = 250
"""Images a forward pass: large enough to be fast, small enough that activations stay below those of training."""


@torch.inference_mode()
def _outputs(network: Network, pixels: Pixels, batch_size: int, rows: Array | None = None) -> Iterator[Outputs]:
    """Outputs for images uint8 (N, H, W, C), or embeddings float32 (N, D), all or those at `rows`, batch by batch, in order;
    in float32, whatever the network was trained in, so that a run tests itself as it is tested again."""
    network = folded(network)
    with multiplying(network.mean.device, "fp32"):
        for batch in plain_batches(pixels, batch_size, network.mean.device, rows):
            yield network(batch)


def features_of(network: Network, pixels: Pixels, rows: Array, batch_size: int = BATCH) -> Tensor:
    """Features (N, D) of the samples at `rows`, as they are predicted from, on the network's device; to be trained on."""
    return torch.cat([outputs.features for outputs in _outputs(network, pixels, batch_size, rows)])


@torch.inference_mode()
def _logits(
    network: Network, pixels: Pixels, rows: Array | None = None, batch_size: int = BATCH
) -> Iterator[tuple[Tensor, Tensor]]:
    """Linear and angular logits on the CPU, batch by batch: of many classes, all of them together fill the memory."""
    for outputs in _outputs(network, pixels, batch_size, rows):
        linear, angular = outputs.logits, angular_logits(outputs.features, outputs.weight)
        if not (linear.isfinite().all() and angular.isfinite().all()):
            raise DivergenceError("the network predicts numbers that are not finite: lower the learning rate")
        yield linear.cpu(), angular.cpu()


def both_logits(
    network: Network, pixels: Pixels, rows: Array | None = None, batch_size: int = BATCH
) -> tuple[Tensor, Tensor]:
    """Linear and angular logits (Wang & Yan, Eq. 1), each float32 (N, M), of images, all or those at `rows`.

    Raises:
        DivergenceError: a logit is not finite.
    """
    linear, angular = zip(*_logits(network, pixels, rows, batch_size))
    return torch.cat(linear), torch.cat(angular)


@dataclass(frozen=True, eq=False)
class AbsPredictor:
    """Training samples that ABS measures the bias of a network on."""

    pixels: Pixels
    """uint8 (P, H, W, C): every image of the set."""
    labels: Array
    """int64 (P,)."""
    rows: Array
    """int64 (N,): the images trained on."""
    s: float
    form: Any
    """See `AngularBiasSmoothing`."""

    def fit(self, network: Network) -> AngularBiasSmoothing:
        """ABS with the bias of `network`, on the CPU."""
        angular = torch.cat([angular for _, angular in _logits(network, self.pixels, self.rows)])
        return AngularBiasSmoothing.fit(angular, torch.from_numpy(self.labels[self.rows]), s=self.s, form=self.form)


def probabilities(network: Network, pixels: Pixels, prediction: str | AbsPredictor, batch_size: int = BATCH) -> Array:
    """Class probabilities (N, M) float32.

    Args:
        prediction: "linear" or "angular": softmax of the one or the other logits (Wang & Yan, section 3.1); or, for ABS,
            what to measure the bias on (Eq. 7).

    Raises:
        ArgumentError: there is no such prediction.
        DivergenceError: a logit is not finite.
    """
    if not isinstance(prediction, AbsPredictor) and prediction not in ("linear", "angular"):
        raise ArgumentError(f"prediction must be linear or angular, or what to measure ABS on, not {prediction!r}")
    softmax = partial(torch.softmax, dim=1)
    how = prediction.fit(network) if isinstance(prediction, AbsPredictor) else softmax
    found = np.empty((len(pixels), network.classifier.out_features), dtype=np.float32)
    start = 0
    for linear, angular in _logits(network, pixels, batch_size=batch_size):
        found[start : start + len(linear)] = how(linear if prediction == "linear" else angular).numpy()
        start += len(linear)
    return found


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
    scores: dict[str, list[torch.Tensor]] = {name: [] for name in metrics}
    right = start = 0
    for out in _outputs(network, pixels, batch_size):
        own = torch.from_numpy(labels[start : start + len(out.logits)]).to(out.logits.device)
        for name, metric in metrics.items():
            scores[name].append(_answer(name, metric, out, own))
        right += int((out.logits.argmax(dim=1) == own).sum())
        start += len(own)
    return {name: torch.cat(parts).float().cpu().numpy() for name, parts in scores.items()}, right / len(labels)


def _answer(name: str, metric: Metric, outputs: Outputs, labels: Tensor) -> Tensor:
    """Scores (B,) of a batch by a metric that keeps its promise."""
    try:
        values = metric(outputs, labels)
    except (LtPruneError, MemoryError, torch.cuda.OutOfMemoryError):  # which a run is tried again after
        raise
    except Exception as error:
        raise MemberError(f"metric {name!r} fails: {described(error)}", name) from error
    if not isinstance(values, Tensor) or values.shape != labels.shape or values.is_complex():
        found = f"{values.dtype} {tuple(values.shape)}" if isinstance(values, Tensor) else type(values).__name__
        raise MemberError(
            f"metric {name!r} must give one number a sample, a tensor {tuple(labels.shape)} of this batch, and gave {found}",
            name,
        )
    bad = int((~values.isfinite()).sum())
    if bad and not (outputs.logits.isfinite().all() and outputs.features.isfinite().all()):
        raise DivergenceError(f"{name} of {bad} samples is not finite: lower the learning rate")
    if bad:
        raise MemberError(
            f"metric {name!r} must give finite numbers, and those of {bad} samples in a batch of {len(labels)} are not", name
        )
    return values
