"""A predictor that keeps its promises, or an error that names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lt_prune.errors import LtPruneError, MemberError, shown
from lt_prune.models.head import LINEAR
from lt_prune.models.network import Outputs
from lt_prune.models.resnet_cifar import FEATURES
from lt_prune.predictors import Fitted, Predictor
from lt_prune.registry import described

NEAR = 1e-3
"""How near to 1 the probabilities of a sample must sum: far above the rounding of a thousand classes."""


@dataclass(frozen=True, eq=False)
class Promised:
    """A fitted predictor, each answer of which is checked."""

    name: str
    fitted: Fitted

    def __call__(self, outputs: Outputs) -> Tensor:
        """Class probabilities (B, M).

        Raises:
            MemberError: it fails, or does not give a row of finite probabilities that sum to 1 for each sample.
        """
        with _failing(self.name, "fails"), torch.inference_mode():
            found = self.fitted(outputs)
        if broken := _broken(found, outputs.logits.shape):
            raise MemberError(f"predictor {self.name!r} must give {broken}", self.name)
        return found


def promised_fit(
    name: str,
    predictor: Predictor,
    outputs: Outputs | None,
    labels: Tensor | None,
    counts: Tensor,
    settings: Mapping[str, Any],
) -> Promised:
    """Fit a predictor; arguments are those of `Predictor.fit`.

    Raises:
        MemberError: the fit fails, or gives nothing that can be called.
    """
    with _failing(name, "cannot be fitted"):
        fitted = predictor.fit(outputs, labels, counts, **settings)
    if not callable(fitted):
        raise MemberError(f"predictor {name!r} must be fitted to a function of outputs, not to {shown(fitted)}", name)
    return Promised(name, fitted)


def try_out(name: str, predictor: Predictor, counts: Sequence[int], settings: Mapping[str, Any]) -> None:
    """Let a predictor that needs no outputs predict two made-up samples, before a network is trained for it.

    Raises:
        MemberError: it breaks a promise.
    """
    # Outputs may be too few here, though not of the training samples; and which settings a head of its own has is not known.
    if predictor.needs_outputs or not (predictor.head or LINEAR).is_kind_of(LINEAR):
        return
    drawn = torch.Generator().manual_seed(0)
    features = torch.rand(2, FEATURES, generator=drawn)
    weight = torch.randn(len(counts), FEATURES, generator=drawn)
    fitted = promised_fit(name, predictor, None, None, torch.tensor(counts), settings)
    fitted(Outputs(features, features @ weight.T, weight))


@contextmanager
def _failing(name: str, how: str) -> Iterator[None]:
    try:
        yield
    except (LtPruneError, MemoryError, torch.cuda.OutOfMemoryError):  # which a run is tried again after
        raise
    except Exception as error:
        raise MemberError(f"predictor {name!r} {how}: {described(error)}", name) from error


def _broken(found: object, shape: torch.Size) -> str:
    """What it must give and did not; "" where all is well."""
    if not isinstance(found, Tensor) or found.shape != shape or not found.is_floating_point():
        kind = f"{found.dtype} {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        return f"a probability a sample and class, a tensor {tuple(shape)} of this batch, and gave {kind}"
    if bad := int((~found.isfinite()).any(dim=1).sum()):
        return f"finite probabilities, and those of {bad} samples in a batch of {len(found)} are not"
    total = found.double().sum(dim=1)
    if bad := int(((found < 0).any(dim=1) | ((total - 1).abs() > NEAR)).sum()):
        return f"probabilities of 0 or more that sum to 1, and those of {bad} samples in a batch of {len(found)} do not"
    return ""
