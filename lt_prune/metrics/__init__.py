"""Metrics of how hard a sample is: each a plain function `metric(outputs, labels) -> (B,)` of one trained member's outputs.

A sample's score depends on that sample alone, never on the batch it came in, and each metric declares whether higher is
harder. One that needs something else declares it (`NEEDS`), and is then a function

- `metric(observer, labels) -> (N,)` of a record of the member's training, which it names the observer of,
- `metric(features, labels) -> (N,)` of the features of the whole set (`Features`), with those of its test samples, too, or
- `metric(probe, labels) -> (B,)` of the trained network itself and samples as it takes them (`Probe`), or
- `metric(probabilities, labels) -> (N,)` of what networks predict that did not train on the sample, (N, M), as plain arrays.

Of features it may say, too, which other sample a score is of (`Nearest`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lt_prune.errors import ArgumentError, shown
from lt_prune.registry import Registry

if TYPE_CHECKING:  # the names must be listed without loading torch
    from torch import Tensor

    from lt_prune.metrics.features import Features
    from lt_prune.metrics.observer import Observer
    from lt_prune.metrics.probe import Probe
    from lt_prune.models.network import Outputs

    Function = Callable[[Any, Any], Any]

NEEDS = {
    "outputs": "outputs of a trained member",
    "record": "a record of the member's training",
    "features": "features of the whole set",
    "test": "features of the whole set and of its test samples",
    "network": "the trained network itself",
    "held-out": "probabilities by networks that did not train on the sample",
}
"""What a metric may be a function of, and what that is."""
HELD_OUT = ("label-noise",)
"""Metrics of probabilities by networks that did not train on the sample, which no member of the ensemble is asked for."""
OF_TEST = ("near-test",)
"""Metrics that tell of the test set, by which nothing may be decided."""
LARGE = 50_000
"""Samples from which on what costs more than a pass over the set is computed only where it is asked for."""


class Nearest(NamedTuple):
    """What a metric of features may answer that compares each sample with others."""

    scores: Tensor
    """(N,)."""
    rows: Tensor
    """int64 (N,): of the other sample in the set, or among its test samples; -1 where there is none."""


@dataclass(frozen=True)
class Metric:
    """A metric function with what a reader of its scores must know."""

    function: Function
    higher_is_harder: bool
    equation: str
    """Where it is defined."""
    observer: type[Observer] | None = None
    """What must watch the training, for a function of its record; metrics of one observer share its record."""
    needs: str = "outputs"
    """What it is a function of, a word of `NEEDS`; "record" where it names an observer."""
    paper: str = ""
    unasked: int | None = None
    """Of how many samples a set may be for which it is computed without being named; None for however many, 0 for none."""

    def __post_init__(self) -> None:
        if self.observer is not None:
            object.__setattr__(self, "needs", "record")

    def __call__(self, of: Outputs | Observer | Features | Probe, labels: Tensor) -> Tensor:
        """Scores (B,) of a batch and its labels, int64 (B,); or (N,) of the whole set and its labels."""
        found = self.function(of, labels)
        scores: Tensor = found.scores if isinstance(found, Nearest) else found
        return scores

    def is_cheap(self, n_samples: int) -> bool:
        """Whether it is computed of so many samples without being named."""
        return self.unasked is None or n_samples <= self.unasked


def metric(
    *,
    higher_is_harder: bool,
    equation: str,
    paper: str = "",
    observer: type[Observer] | None = None,
    needs: str = "outputs",
    unasked: int | None = None,
) -> Callable[[Function], Metric]:
    """Decorate a function as a metric."""
    return lambda function: Metric(function, higher_is_harder, equation, observer, needs, paper, unasked)


@dataclass(frozen=True)
class _OfLogits:
    """A plain function of logits and labels as a function of outputs."""

    function: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, outputs: Outputs, labels: Tensor) -> Tensor:
        return self.function(outputs.logits, labels)


def _is_observer(kind: object) -> bool:
    from lt_prune.metrics.observer import Observer

    return isinstance(kind, type) and issubclass(kind, Observer)


def _accept(found: object) -> Metric:
    """A metric, or a plain function `metric(logits, labels) -> (B,)` as one, of which higher is harder."""
    if isinstance(found, Metric):
        if not isinstance(found.higher_is_harder, bool):
            raise ValueError(f"must declare higher_is_harder, True or False, not {found.higher_is_harder!r}")
        if found.observer is not None and not _is_observer(found.observer):
            raise ValueError(f"must name a subclass of Observer as its observer, not {found.observer!r}")
        if found.needs not in NEEDS:
            raise ValueError(f"must need {' or '.join(NEEDS)}, not {found.needs!r}")
        if found.needs == "record" and found.observer is None:
            raise ValueError("must name the observer whose record it needs")
        return found
    if not callable(found):
        raise ValueError(f"must be a function of logits and labels, or one decorated as a metric, not {shown(found)}")
    return Metric(_OfLogits(found), True, f"the function {getattr(found, '__qualname__', type(found).__name__)}")


METRICS: Registry[Metric] = Registry(
    "metric",
    "lt_prune.metrics",
    {
        "el2n": "lt_prune.metrics.el2n:el2n",
        "avh": "lt_prune.metrics.avh:avh",
        "margin": "lt_prune.metrics.margin:margin",
        "entropy": "lt_prune.metrics.entropy:entropy",
        "loss": "lt_prune.metrics.loss:loss",
        "confidence": "lt_prune.metrics.confidence:confidence",
        "self-confidence": "lt_prune.metrics.self_confidence:self_confidence",
        "grand-last": "lt_prune.metrics.grand_last:grand_last",
        "grand": "lt_prune.metrics.grand:grand",
        "forgetting": "lt_prune.metrics.forgetting:forgetting",
        "aum": "lt_prune.metrics.aum:aum",
        "mean-confidence": "lt_prune.metrics.mean_confidence:mean_confidence",
        "variability": "lt_prune.metrics.variability:variability",
        "dyn-unc": "lt_prune.metrics.dyn_unc:dyn_unc",
        "dual": "lt_prune.metrics.dual:dual",
        "tdds": "lt_prune.metrics.tdds:tdds",
        "class-median": "lt_prune.metrics.class_median:class_median",
        "prototypes": "lt_prune.metrics.prototypes:prototypes",
        "zcore": "lt_prune.metrics.zcore:zcore",
        "knn-density": "lt_prune.metrics.knn_density:knn_density",
        "typicality": "lt_prune.metrics.typicality:typicality",
        "near-duplicate": "lt_prune.metrics.near_duplicate:near_duplicate",
        "near-other": "lt_prune.metrics.near_other:near_other",
        "near-test": "lt_prune.metrics.near_test:near_test",
        "label-noise": "lt_prune.metrics.label_noise:label_noise",
    },
    _accept,
)


def asked_for(metric: str | Sequence[str] | None) -> list[str]:
    """The metrics by name that were asked for; none where nothing was.

    Raises:
        ArgumentError: an empty list was.
    """
    names = [] if metric is None else [metric] if isinstance(metric, str) else list(metric)
    if metric is not None and not names:
        raise ArgumentError("metric is empty: name at least one")
    return names
