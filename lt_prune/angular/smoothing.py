"""Label smoothing that knows how frequent a class is: LAS (Zhong et al. 2021; Wang & Yan, Eq. 4) and ALAS (Eq. 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FORMS = ("concave", "linear", "convex")


def normalised(values: Tensor, form: str) -> Tensor:
    """g: values over classes (M,) brought to [0, 1], the smallest to 0 and the largest to 1; constant values to 0.

    Args:
        form: "linear" (Wang & Yan, Eq. 9), "concave" (its sine, sin(pi/2 x), Eq. 8) or "convex" (1 - cos(pi/2 x)).

    Raises:
        ValueError: another form.
    """
    if form not in FORMS:
        raise ValueError(f"form must be {', '.join(FORMS)}, not {form!r}")
    low, high = values.min(), values.max()
    share = (values - low) / torch.where(high > low, high - low, 1)
    if form == "linear":
        return share
    return torch.sin(math.pi / 2 * share) if form == "concave" else 1 - torch.cos(math.pi / 2 * share)


class LabelAwareSmoothing(nn.Module):
    """LAS: the more frequent a class, the more its one-hot target is smoothed.

    A sample of class y keeps 1 - f(N_y) on y, with f(n) = tail + (head - tail) g(n); f(N_y) / (M - 1) goes to each other
    class (Wang & Yan, Eq. 4). MiSLAS's code weighs the mean of all log-probabilities by f(N_y) instead, which leaves y some
    of it; `spread="all"` does so.

    Args:
        counts: training samples of each class (M,).
        smooth_head, smooth_tail: f of the most and of the least frequent class.
        form: of g, see `normalised`.
        spread: "others" (Eq. 4) or "all" (the reference code).
    """

    smoothing: Tensor

    def __init__(
        self,
        counts: Sequence[int],
        *,
        smooth_head: float = 0.3,
        smooth_tail: float = 0.0,
        form: str = "concave",
        spread: str = "others",
    ) -> None:
        super().__init__()
        if spread not in ("others", "all"):
            raise ValueError(f"spread must be others or all, not {spread!r}")
        share = normalised(torch.as_tensor(counts, dtype=torch.float64), form)
        self.register_buffer("smoothing", (smooth_tail + (smooth_head - smooth_tail) * share).float())
        self.spread = spread

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Mean loss over a batch.

        Args:
            logits: (B, M), linear or angular.
            target: class indices (B,), or probabilities (B, M).

        Returns:
            (), float32 or better.
        """
        log_p = _log_softmax(logits)
        own = _probabilities(target, log_p)
        n_classes = logits.shape[1]
        rest = log_p.sum(dim=1, keepdim=True)
        n_others, others = (n_classes - 1, rest - log_p) if self.spread == "others" else (n_classes, rest)
        spread = others / n_others
        return -(own * ((1 - self.smoothing) * log_p + self.smoothing * spread)).sum(dim=1).mean()


class ActiveLabelAwareSmoothing(nn.Module):
    """ALAS: smoothing that follows how confident the angular predictions are, class by class (Wang & Yan, Eq. 5).

    R_y starts at g(n_y), and becomes (tau g(mean over the batch of softmax(a))_y + R_y) / 2, but 1 at most: with a tau
    above 1 the most confident class would get a negative weight. A sample of class y keeps 1 - R_y on y and nothing
    elsewhere, so L = -(1 - R_y) log p_y.

    Args:
        counts: training samples of each class (M,).
        tau: in [0, 2]; 0.75 is best with the concave and 0.5 with the linear form (Wang & Yan, Table 6, from 0.25 to 1.25).
        form: of g, "concave" or "linear".
        update: R is updated each "batch" (Eq. 5), or each "epoch" by that epoch's mean (Algorithm 1), in which case
            `end_epoch` is to be called.

    Raises:
        ValueError: tau is not in [0, 2], or there is no such form or update.
    """

    rate: Tensor
    _sum: Tensor
    _seen: Tensor

    def __init__(self, counts: Sequence[int], *, tau: float = 0.75, form: str = "concave", update: str = "batch") -> None:
        super().__init__()
        if update not in ("batch", "epoch"):
            raise ValueError(f"update must be batch or epoch, not {update!r}")
        if not 0 <= tau <= 2:
            raise ValueError(f"tau must be in [0, 2], not {tau}")
        self.tau, self.form, self.update = tau, form, update
        self.register_buffer("rate", normalised(torch.as_tensor(counts, dtype=torch.float64), form).float())
        self.register_buffer("_sum", torch.zeros_like(self.rate, dtype=torch.float64))
        self.register_buffer("_seen", torch.zeros((), dtype=torch.float64))

    def forward(self, logits: Tensor, target: Tensor, angular_logits: Tensor | None = None) -> Tensor:
        """Mean loss over a batch; in training mode R is updated first.

        Args:
            logits: (B, M), linear or angular; p is their softmax.
            target: class indices (B,), or probabilities (B, M).
            angular_logits: (B, M), which R follows; by default `logits`, then taken as angular.

        Returns:
            (), float32 or better.
        """
        if self.training:
            self._follow(logits if angular_logits is None else angular_logits)
        log_p = _log_softmax(logits)
        return -(_probabilities(target, log_p) * (1 - self.rate) * log_p).sum(dim=1).mean()

    @torch.no_grad()
    def _follow(self, angular_logits: Tensor) -> None:
        confidence = _log_softmax(angular_logits).exp()
        if self.update == "batch":
            self._move(confidence.mean(dim=0))
        else:
            self._sum += confidence.sum(dim=0)
            self._seen += len(confidence)

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Update R by the mean of the epoch, where it is updated by epoch."""
        if self.update == "epoch":
            self._move((self._sum / self._seen.clamp(min=1)).to(self.rate.dtype))
            self._sum.zero_()
            self._seen.zero_()

    def _move(self, confidence: Tensor) -> None:
        moved = (self.tau * normalised(confidence, self.form) + self.rate) / 2
        self.rate.copy_(moved.clamp(max=1))


def _log_softmax(logits: Tensor) -> Tensor:
    return F.log_softmax(logits, dim=1, dtype=torch.promote_types(logits.dtype, torch.float32))


def _probabilities(target: Tensor, log_p: Tensor) -> Tensor:
    """A target of class indices (B,) as probabilities (B, M)."""
    return target if target.ndim == 2 else F.one_hot(target, log_p.shape[1]).to(log_p.dtype)
