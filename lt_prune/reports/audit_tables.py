"""Tables of an audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lt_prune.percent import percent
from lt_prune.reports.copies import in_words
from lt_prune.reports.dangers import COPIES
from lt_prune.reports.plain import plain_ratio, plain_table
from lt_prune.types import GROUPS


def audit_table(audit: dict[str, Any], per_class: bool) -> RenderableType:
    """What `lt_prune.audit` gives."""
    title = f"{audit['name']}: {audit['n_samples']:,} samples, {audit['n_classes']} classes"
    parts: list[RenderableType] = [Text(title, style="bold"), _subsets(audit)]
    parts += _part("kept by both, of what either keeps (Jaccard)", _overlaps(audit["overlaps"])) if audit["overlaps"] else []
    parts += _part("rankings", _rankings(audit["rankings"])) if audit["rankings"] else []
    parts += _part("classes", _classes(audit)) if per_class else []
    return Group(*parts, *map(Text, _copies(audit["subsets"])))


def _part(title: str, table: Table) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), table]


def _subsets(audit: dict[str, Any]) -> Table:
    columns = ("samples", "imbalance", "effective classes", "smallest", *(f"of {group}" for group in GROUPS))
    table = plain_table("", *(f">{column}" for column in columns))
    whole = audit["before"]
    for name, row in [("whole set", whole), *((each["subset"], each) for each in audit["subsets"])]:
        numbers = f"{row['n_samples']:,}", plain_ratio(row["imbalance"]), f"{row['effective_classes']:.2f}"
        removed = (_share(whole["groups"][group], row["groups"][group]) for group in GROUPS)
        table.add_row(name, *numbers, f"{row['smallest_class']:,}", *removed)
    return table


def _share(before: int, kept: int) -> str:
    """What went of a group, below 0."""
    return percent(kept / before - 1) if before else "-"


def _overlaps(overlaps: Sequence[dict[str, Any]]) -> Table:
    table = plain_table("subset", "and", ">overlap")
    for row in overlaps:
        table.add_row(row["one"], row["other"], f"{row['jaccard']:.3f}")
    return table


def _rankings(rankings: Sequence[dict[str, Any]]) -> Table:
    table = plain_table("metric", ">members", ">halves agree by", ">difficulty with class size")
    for row in rankings:
        table.add_row(
            row["metric"], str(row["members"] or "-"), *(_signed(row[name]) for name in ("stability", "with_class_size"))
        )
    return table


def _signed(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"


def _classes(audit: dict[str, Any]) -> Table:
    names = [each["subset"] for each in audit["subsets"]]
    metrics = [each["metric"] for each in audit["rankings"]]
    table = plain_table("class", "group", ">before", *(f">{name}" for name in names), *(f">mean {name}" for name in metrics))
    for row in audit["classes"]:
        kept = (f"{row['kept'][name]:,}" for name in names)
        means = (_signed(row["mean"][name]) for name in metrics)
        table.add_row(row["class"], row["group"], f"{row['before']:,}", *kept, *means)
    return table


def _copies(subsets: Sequence[dict[str, Any]]) -> Iterator[str]:
    if all(each["copies"]["in_test"] is None for each in subsets):
        yield "\nexact copies among the test samples and under two labels were not looked for: name the data with --data"
    for each in subsets:
        for kind, what in COPIES.items():
            if found := each["copies"][kind]:
                yield f"\n{each['subset']} keeps {what}: {in_words(found)}"
        if each["copies_dropped"]:
            yield f"\n{each['subset']} was pruned without these copies: {in_words(each['copies_dropped'])}"
