"""Which runs a sweep is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

from lt_prune.choices import KEEP, WITHIN
from lt_prune.errors import ArgumentError
from lt_prune.given import expect_one_of, expect_whole
from lt_prune.metrics import METRICS
from lt_prune.planning.pruning import metrics_read
from lt_prune.strategies.named import find_strategy


@dataclass(frozen=True)
class Pruning:
    """How a subset is chosen, whatever the seed; a strategy that ranks chooses the same one for all seeds of an ensemble."""

    strategy: str
    metric: str | None
    """None for a strategy that reads no scores."""
    ratio: float
    takes_ends: bool = False
    """Whether it is asked which end is kept, and within what."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Every pruning by every method and seed; the fields are arguments of `lt_prune.sweep`.

    Raises:
        UnknownNameError: no such strategy or metric.
        ArgumentError: a list is empty or none, a seed is no whole number, or fields do not fit each other.
    """

    strategies: Sequence[str]
    metrics: Sequence[str]
    ratios: Sequence[float]
    methods: Sequence[str]
    seeds: Sequence[int]
    keep: Literal["hard", "easy"] | None
    within: Literal["set", "class"] | None
    """Of the strategies that rank."""
    members: int
    score_epochs: int
    """Size of an ensemble."""
    ensembles: int

    def __post_init__(self) -> None:
        for name in ("strategies", "metrics", "ratios", "methods", "seeds"):
            if isinstance(values := getattr(self, name), str) or not isinstance(values, Sequence):
                raise ArgumentError(f"{name} must be a list, not {values!r}")
        for name in ("ratios", "methods", "seeds"):
            if not getattr(self, name):
                raise ArgumentError(f"{name} is empty: name at least one")
        for seed in self.seeds:
            expect_whole("seed", seed)
        expect_one_of("keep", self.keep or "hard", KEEP)
        expect_one_of("within", self.within or "set", WITHIN)
        n_seeds = len(set(self.seeds))
        if self.ensembles not in (1, n_seeds):
            raise ArgumentError(
                f"ensembles must be 1, which serves all seeds, or as many as there are seeds ({n_seeds}), "
                f"not {self.ensembles}"
            )
        if (self.keep or self.within) and not any(pruning.takes_ends for pruning in self.prunings):
            raise ArgumentError("keep and within are for strategies that rank by scores: leave them out, or add ranked")
        if self.own_ensembles and not self.ranked_by:
            raise ArgumentError("ensembles are for strategies that rank by scores: leave them out, or add ranked")

    @property
    def own_ensembles(self) -> bool:
        """Whether each seed is ranked by the ensemble of that seed, instead of that of seed 0."""
        return self.ensembles > 1

    def ensemble(self, seed: int) -> int:
        """Seed of the ensemble that ranks for a seed."""
        return seed if self.own_ensembles else 0

    @property
    def runs(self) -> list[tuple[int, str]]:
        """Every seed and method, each with a run on the whole set and on each subset."""
        return list(product(dict.fromkeys(self.seeds), dict.fromkeys(self.methods)))

    @cached_property
    def prunings(self) -> list[Pruning]:
        """Every pruning, without ratio 0, which is the unpruned set."""
        found = []
        for strategy in dict.fromkeys(self.strategies):
            chosen, _ = find_strategy(strategy)
            metrics = metrics_read(chosen, self.metrics)
            if "scores" in chosen.needs and not metrics:
                raise ArgumentError(f"strategy {strategy!r} ranks by scores: name at least one metric")
            for metric in dict.fromkeys(metrics) or (None,):
                if metric:
                    METRICS.check(metric)
                ratios = [ratio for ratio in dict.fromkeys(self.ratios) if ratio]
                found += [Pruning(strategy, metric, ratio, chosen.takes_ends) for ratio in ratios]
        return found

    @property
    def ranked_by(self) -> list[str]:
        """The metrics that prunings rank by, each once."""
        return list(dict.fromkeys(pruning.metric for pruning in self.prunings if pruning.metric))
