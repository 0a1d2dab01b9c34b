"""An advice as it is read in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from lt_prune.percent import percent
from lt_prune.reports.advice import OVERALL, Advice, Line
from lt_prune.reports.costs import CONFIDENCE, Cost, monotone
from lt_prune.reports.plain import plain_table

OF_TEST = (
    "accuracies are of held-out test samples, by which nothing was trained, scored or pruned; the confidence is over seeds, "
    "on these test samples and this recipe, and another network may lose more or less"
)


def advice_table(advice: Advice, command: str | None) -> RenderableType:
    """Costs at each ratio, how far each strategy may go, and the command that makes the subset of the best."""
    table = plain_table("pruned by", ">removed %", ">seeds", *_heads(advice))
    for line in advice.lines:
        cells = [_cells(line.costs[measure]) for measure in advice.measures if line.costs]
        for cost, *told in zip(line.costs.get(OVERALL, ()), *cells):
            table.add_row(line.pruned_by, f"{100 * cost.ratio:g}", str(cost.n), *chain.from_iterable(told))
    unpruned = ", ".join(
        f"{measure} {mean:.2f}{'' if std is None else f'±{std:.2f}'}% over {n} seeds"
        for measure, (mean, std, n) in advice.unpruned.items()
    )
    unpruned = unpruned or "none"
    sure = percent(CONFIDENCE, 0)
    notes = f"unpruned: {unpruned}. lost: mean±std over seeds, in points; at most: by {sure} confidence; {OF_TEST}"
    told = [Text(advice.took)] if advice.took else []
    told += [Text(), *(Text(f"{line.pruned_by}: {_found(line)}") for line in advice.lines)]
    return Group(Text(_title(advice), style="bold"), table, Text(notes), *told, Text(_answer(advice, command)))


def advice_summary(advice: Advice, command: str | None) -> dict[str, Any]:
    """The same as one dictionary."""
    best = advice.best
    said = {"trained": advice.trained, "tolerance": advice.tolerance, "confidence": CONFIDENCE}
    said |= {"took": advice.took} if advice.took else {}
    unpruned = {measure: dict(zip(("mean", "std", "n"), known)) for measure, known in advice.unpruned.items()}
    said |= {"measures": list(advice.measures), "unpruned": unpruned, "lines": [_line(line) for line in advice.lines]}
    return said | {"pruned_by": best and best.pruned_by, "ratio": best and best.ratio, "command": command, "note": OF_TEST}


def _title(advice: Advice) -> str:
    where = " and ".join(each if each == OVERALL else f"in the {each}" for each in advice.measures)
    return f"{advice.trained}: what can be pruned where {advice.tolerance:g} points may be lost {where}"


def _heads(advice: Advice) -> list[str]:
    return [f">{what}" for measure in advice.measures for what in (f"{measure} %", "lost", "at most", "curve")]


def _cells(every: Sequence[Cost]) -> list[list[str]]:
    """Of each ratio."""
    found = []
    for cost, curve in zip(every, monotone(every)):
        spread = "" if cost.std is None else f"±{cost.std:.2f}"
        bound = "-" if cost.at_most is None else f"{cost.at_most:.2f}"
        found.append([f"{cost.accuracy:.2f}", f"{cost.mean:.2f}{spread}", bound, f"{curve:.2f}"])
    return found


def _line(line: Line) -> dict[str, Any]:
    costs = {
        measure: [{**asdict(cost), "curve": curve} for cost, curve in zip(every, monotone(every))]
        for measure, every in line.costs.items()
    }
    return {name: getattr(line, name) for name in ("pruned_by", "ratio", "limit", "saved")} | {"costs": costs}


def _found(line: Line) -> str:
    if line.ratio is None:
        return f"cannot be said; {line.limit}"
    saved = "" if line.saved is None else f", which saves {_share(line.saved)} of the training time"
    return f"up to {percent(line.ratio, 0)} can go{saved}; {line.limit}"


def _share(saved: float) -> str:
    """What is saved of a time; runs that took longer, on a machine that did something else, save none of it."""
    return percent(saved, 0) if saved > 0 else "none"


def _answer(advice: Advice, command: str | None) -> str:
    best = advice.best
    if best is None or best.ratio is None:
        return "no ratio is advised: these runs cannot say how much can be pruned"
    made_by = command or "the subset is that of the runs, and results alone do not tell how to make it again"
    return f"most goes by {best.pruned_by}, {percent(best.ratio, 0)}: {made_by}"
