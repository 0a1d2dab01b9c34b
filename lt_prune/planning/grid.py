"""Which runs a sweep is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

from lt_prune.budgets import BUDGETS
from lt_prune.choices import KEEP, MOST_MEMBERS, WITHIN
from lt_prune.errors import ArgumentError
from lt_prune.given import expect_one_of, expect_whole, gathered_as
from lt_prune.methods import METHODS
from lt_prune.planning.pruning import DEFAULT, check_ranking, metrics_read
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
    budget: str | None = None
    selection: str | None = None
    """What it consists of; None where it is a function."""

    @property
    def by_class_size(self) -> bool:
        """Whether how many of each class are kept follows from the set alone."""
        budget = BUDGETS.load(self.budget) if self.budget else None
        return budget is not None and budget.function is not None and not budget.needs


@gathered_as("grid")
@dataclass(frozen=True, kw_only=True)
class Grid:
    """What a sweep compares: every pruning by every method and seed, and an unpruned run of each method and seed.

    Args:
        strategies: by name.
        metrics: what the strategies that rank by scores rank by.
        ratios: fractions to REMOVE, in [0, 1); 0, the unpruned set, is always among them.
        methods: training methods, by name.
        seeds: each names the randomness of training, and the draw of the random strategies.
        keep, within: as for `prune`, for the strategies that rank; None for what is usual there.
        members, score_epochs: size of a scoring ensemble; it is trained where scores are missing.
        controls: also the matched control of each pruning that does not draw its samples at random: random ones, as many of
            each class. What the score does is told apart by it from what other class sizes do. There is none where the grid
            has that very pruning, as class-random is of a proportional budget.
        ensembles: 1, and the ensemble of seed 0 ranks for all seeds; or as many as there are seeds, and each is ranked by an
            ensemble of its own, so that the deviation of ranked strategies is that of their scores, too.

    Raises:
        UnknownNameError: no such strategy, metric or method.
        ArgumentError: a list is empty or none, a seed is no whole number, or fields do not fit each other.

    Example:
        >>> import lt_prune as lp
        >>> len(lp.Grid(strategies=["random", "ranked"], metrics=["avh", "el2n"], ratios=[0.3, 0.5]).prunings)
        6
    """

    strategies: Sequence[str] = ("random", "class-random", DEFAULT, "ranked")
    metrics: Sequence[str] = ("avh",)
    ratios: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    methods: Sequence[str] = ("ce",)
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    keep: Literal["hard", "easy"] | None = None
    within: Literal["set", "class"] | None = None
    members: int = 10
    score_epochs: int = 10
    ensembles: int = 1
    controls: bool = False

    def __post_init__(self) -> None:
        for name in ("strategies", "metrics", "ratios", "methods", "seeds"):
            if isinstance(values := getattr(self, name), str) or not isinstance(values, Sequence):
                raise ArgumentError(f"{name} must be a list, not {values!r}")
        for name in ("ratios", "methods", "seeds"):
            if not getattr(self, name):
                raise ArgumentError(f"{name} is empty: name at least one")
        for method in self.methods:
            METHODS.check(method)
        for seed in self.seeds:
            expect_whole("seed", seed)
        expect_whole("members", self.members, low=1, high=MOST_MEMBERS)
        expect_one_of("keep", self.keep or "hard", KEEP)
        expect_one_of("within", self.within or "set", WITHIN)
        n_seeds = len(set(self.seeds))
        if self.ensembles not in (1, n_seeds):
            raise ArgumentError(
                f"ensembles must be 1, which serves all seeds, or as many as there are seeds ({n_seeds}), "
                f"not {self.ensembles}"
            )
        prunings = self.prunings  # names that there are not are refused now
        if (self.keep or self.within) and not any(pruning.takes_ends for pruning in prunings):
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
                    check_ranking(metric)
                parts = chosen.parts(self.keep or "hard", self.within or "set") or (None, None)
                ratios = [ratio for ratio in dict.fromkeys(self.ratios) if ratio]
                found += [Pruning(strategy, metric, ratio, chosen.takes_ends, *parts) for ratio in ratios]
        return found

    @property
    def ranked_by(self) -> list[str]:
        """The metrics that prunings rank by, each once."""
        return list(dict.fromkeys(pruning.metric for pruning in self.prunings if pruning.metric))
