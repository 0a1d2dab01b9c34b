"""Members of the families in words: what each is, what it needs, and what it can be given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import getdoc
from typing import Any

from lt_prune.choices import FAMILIES
from lt_prune.given import expect_one_of, known_keywords
from lt_prune.registry import Registry, described
from lt_prune.setting import Setting
from lt_prune.steps.register import FAMILIES as REGISTERED


@dataclass(frozen=True, kw_only=True)
class FamilyMember:
    """A member of a family, as lists show it."""

    name: str
    what: str = ""
    """Its equation, or a summary, in one line."""
    higher_is_harder: bool | None = None
    """Of a metric, whether a higher score means a harder sample; None of all else."""
    needs: tuple[str, ...] = ()
    """What it reads or starts from besides what every member of its family is given."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    paper: str = ""
    origin: str = "lt-prune"
    """Whose it is: "lt-prune", where another package offers it, or "this process"."""
    problem: str = ""
    """Why it cannot be used; "" where it can."""


@known_keywords
def members(family: str) -> list[FamilyMember]:
    """Every member of a family, those of other packages and of this process among them.

    One that cannot be loaded, or cannot have its name, is there with its `problem`, and keeps none of the others from being
    shown.

    Args:
        family: "metrics", "budgets", "selections", "strategies", "methods", "predictors", "models", "sources" or
            "executors".

    Raises:
        ArgumentError: there is no such family.

    Example:
        >>> import lt_prune as lp
        >>> [member.name for member in lp.members("metrics") if member.needs == ("network",)]
        ['grand']
    """
    expect_one_of("family", family, FAMILIES)
    registry = _REGISTRIES[family]
    broken = [
        FamilyMember(name=name, origin=target, problem=f"left out, as {why}: rename it")
        for (name, target), why in registry.left_out().items()
    ]
    return [*(_member(registry, name, _DESCRIBED[family]) for name in registry.names), *broken]


def names_of(family: str) -> list[str]:
    """The names of a family's members, none of which is loaded."""
    return _REGISTRIES[family].names


def _member(registry: Registry[Any], name: str, described_as: Callable[[Any], dict[str, Any]]) -> FamilyMember:
    origin = registry.origin(name)
    try:
        return FamilyMember(name=name, origin=origin, **described_as(registry.load(name)))
    except Exception as error:
        if registry.is_own(name):
            raise
        return FamilyMember(name=name, origin=origin, problem=described(error))


def _metric(metric: Any) -> dict[str, Any]:
    said = {"what": metric.equation, "paper": metric.paper, "needs": (metric.needs,)}
    return {**said, "higher_is_harder": metric.higher_is_harder}


def _by_equation(member: Any) -> dict[str, Any]:
    """Of a budget or a selection."""
    return {"what": member.equation, "paper": member.paper, "needs": tuple(member.needs), "settings": member.settings}


def _strategy(strategy: Any) -> dict[str, Any]:
    parts = strategy.parts("hard", "set")
    what = " + ".join(parts) if parts else _first_line(getattr(strategy, "function", strategy))
    settings = dict(strategy.settings)
    return {"what": what, "paper": getattr(strategy, "paper", ""), "needs": tuple(strategy.needs), "settings": settings}


def _method(method: Any) -> dict[str, Any]:
    needs = (f"a run of {method.first}",) if method.first else ()
    return {"what": method.summary, "paper": method.paper, "needs": needs, "settings": method.settings}


def _predictor(predictor: Any) -> dict[str, Any]:
    needs = ("outputs of the training samples",) * predictor.needs_outputs
    needs += (predictor.head.summary,) if predictor.head else ()
    return {"what": predictor.equation, "paper": predictor.paper, "needs": needs, "settings": predictor.settings}


def _model(model: Any) -> dict[str, Any]:
    if hasattr(model, "example"):
        return {"what": f"any of the library's, such as {model.example}", "needs": ("images",)}
    return {"what": model.summary, "needs": (model.takes,)}


def _source(source: Any) -> dict[str, Any]:
    return {"what": _first_line(source)}


def _executor(executor: Any) -> dict[str, Any]:
    return {"what": _first_line(executor.execute)}


def _first_line(function: Any) -> str:
    """What a function says of itself; nothing of one that is an object of a class."""
    return (getdoc(function) or "").partition("\n")[0] if hasattr(function, "__name__") else ""


_DESCRIBED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "metrics": _metric,
    "budgets": _by_equation,
    "selections": _by_equation,
    "strategies": _strategy,
    "methods": _method,
    "predictors": _predictor,
    "models": _model,
    "sources": _source,
    "executors": _executor,
}
_REGISTRIES = {registry.group.removeprefix("lt_prune."): registry for registry in REGISTERED.values()}
