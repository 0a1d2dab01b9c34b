"""What a pruning is asked for, resolved to a strategy by its name, and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lt_prune.budgets import BUDGETS
from lt_prune.errors import ArgumentError
from lt_prune.metrics import METRICS, OF_TEST
from lt_prune.planning.paths import subset_of
from lt_prune.strategies import Strategy
from lt_prune.strategies.named import find_strategy, name_of, resolved_settings, split_name
from lt_prune.strategies.pair import Pair
from lt_prune.types import Subset

DEFAULT = "equal+random"
"""What is pruned by unless something is asked for: what docs/benchmark.md decides by its rule."""
RANKED = "ranked"
"""What is pruned by where scores are asked for, or one of them, or an end of their ranking: the paper's."""
LIKE = "like:"
"""How a budget begins that is the class counts of a subset's file."""
RECALL_BY = "margin"
"""The metric that tells whether a member is right: the own class's logit less the highest of the others."""


@dataclass(frozen=True, eq=False)
class Pruning:
    """A strategy and every setting of it."""

    base: str
    """One name, or BUDGET+SELECTION."""
    strategy: Strategy
    settings: Mapping[str, Any]
    like: Subset | None = None
    """Whose class counts are taken."""

    def named(self, others: Mapping[str, str]) -> str:
        """Its name, with what differs from the defaults, and what else decided."""
        return name_of(self.base, self.strategy, self.settings, others)


def pruning_of(
    strategy: str | None,
    budget: str | Subset | None,
    select: str | None,
    settings: Mapping[str, Any],
    by_scores: bool = False,
) -> Pruning:
    """What `lt_prune.prune` is asked for by these arguments, and by whether one of its others is about scores.

    Raises:
        UnknownNameError: there is no such strategy, budget or selection.
        MemberError: it cannot be loaded.
        ArgumentError: a name is given for what two others give, a setting is none of its, or its subset is missing.
    """
    if strategy and (budget or select):
        raise ArgumentError(
            f"strategy {strategy!r} is a budget and a selection by one name: give either it, or a budget and a selection"
        )
    other = None
    if isinstance(budget, Subset) or str(budget).startswith(LIKE):
        other = budget if isinstance(budget, Subset) else subset_of(str(budget).removeprefix(LIKE))
        budget = "like"
    text = f"{budget or 'global'}+{select or 'hard'}" if budget or select else strategy or (RANKED if by_scores else DEFAULT)
    found, own = find_strategy(text)
    if "subset" in found.needs and other is None:
        raise ArgumentError("budget 'like' takes the class counts of another subset: name its file, like:SUBSET")
    return Pruning("+".join(split_name(text)[0]), found, resolved_settings(found, {**own, **settings}), other)


def metrics_read(strategy: Strategy, asked: Sequence[str]) -> list[str]:
    """Which metrics a strategy reads, of those asked for; none where it reads no scores."""
    if {"scores", "confidence"} & set(strategy.needs):
        return list(asked)
    return [RECALL_BY] if "recall" in strategy.needs else []


def check_ranking(metric: str) -> None:
    """Refuse a metric that nothing can be ranked by.

    Raises:
        UnknownNameError: there is none of that name.
        ArgumentError: it tells of the test set.
    """
    METRICS.check(metric)
    if metric in OF_TEST:
        raise ArgumentError(f"{metric} tells of the test set, by which nothing is decided: rank by another metric")


def without_scores(strategy: str, within: object = None) -> str:
    """A strategy of the same budget that reads no scores; one of the whole set where the budget itself does."""
    found, settings = find_strategy(strategy)
    parts = found.parts("hard", str(within))
    if parts is None or (budget := BUDGETS.load(parts[0])).needs:
        return "random"
    drawn = Pair(parts[0], "random")
    own = {name: value for name, value in settings.items() if name in budget.settings}
    return name_of(f"{parts[0]}+random", drawn, resolved_settings(drawn, own), {})
