"""Members of the families from a notebook or a script."""

from __future__ import annotations

from typing import Any

from lt_prune.budgets import BUDGETS
from lt_prune.data.sources import SOURCES
from lt_prune.engine.executors import EXECUTORS
from lt_prune.errors import ArgumentError
from lt_prune.given import known_keywords
from lt_prune.methods import METHODS
from lt_prune.metrics import METRICS
from lt_prune.models import MODELS
from lt_prune.predictors import PREDICTORS
from lt_prune.registry import Registry
from lt_prune.selections import SELECTIONS
from lt_prune.strategies import STRATEGIES

FAMILIES: dict[str, Registry[Any]] = {
    "metric": METRICS,
    "strategy": STRATEGIES,
    "budget": BUDGETS,
    "selection": SELECTIONS,
    "method": METHODS,
    "predictor": PREDICTORS,
    "source": SOURCES,
    "model": MODELS,
    "executor": EXECUTORS,
}


@known_keywords
def register(family: str, name: str, member: object) -> None:
    """Add a member of a family for the life of this process, to be used by its name like any other.

    The same name again replaces it, so that a notebook's cell can be run again; scores, subsets and runs already made by
    the former are not made again. A package adds members through entry points instead (`lt_prune.metrics`, ...).

    Args:
        family: "metric", "budget", "selection", "strategy", "method", "predictor", "source", "model" or "executor".
        name: letters, digits and _, as it becomes a part of names of files, which hyphens join.
        member: what the family asks for:

            - a metric is a function of logits (B, M) and labels (B,) to scores (B,), higher being harder; or a function of
              `Outputs` and labels, decorated by `lt_prune.metrics.metric`;
            - a budget is a function of a `lt_prune.budgets.Request` to int64 (M,), how many of each class are kept; where it
              needs scores or has settings, decorated by `lt_prune.budgets.budget`;
            - a selection is a function of a `lt_prune.selections.Group` and a number to int64 (G,), the places of the group
              in the order in which they are kept; where it needs scores or features or has settings, decorated by
              `lt_prune.selections.selection`;
            - a strategy is a function of a `lt_prune.strategies.Request` to bool (N,), True for what to keep; where it
              needs scores, decorated by `lt_prune.strategies.strategy`;
            - a method is a `lt_prune.methods.Method`;
            - a predictor is a `lt_prune.predictors.Predictor`;
            - a source is a function of a `lt_prune.data.sources.Request` to a `Source`;
            - a model is a `lt_prune.models.Model`, which builds a `Backbone`;
            - an executor is a `lt_prune.engine.executors.Executor`.

    Raises:
        ArgumentError: there is no such family, the name cannot be a part of a file's name, or a member that was not
            registered so has it.
        MemberError: the member is not what it must be.

    Example:
        >>> import lt_prune as lp
        >>> lp.register("metric", "mine", lambda logits, labels: -logits.gather(1, labels[:, None]).squeeze(1))
        >>> lp.score("digits", metric="mine", members=1, epochs=1, model="resnet8").metric("mine").higher_is_harder
        True
    """
    if family not in FAMILIES:
        raise ArgumentError(f"family must be {', '.join(FAMILIES)}, not {family!r}")
    FAMILIES[family].register(name, member)
