"""What tables and figures call the rows of `aggregate`, and what they say of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lt_prune.reports.aggregate import Row
from lt_prune.types import label_of

ONE_ENSEMBLE = "one ensemble"


def pruned_by(row: Row) -> str:
    """For example "avh, within class"."""
    parts = [label_of(row["strategy"], row["metric"]) or "unpruned"]
    parts += ["easy kept"] if row["keep"] == "easy" else []
    parts += ["within class"] if row["within"] == "class" else []
    return ", ".join(parts)


def control_of(label: str) -> str:
    """What the matched control of a row is named after, which `pruned_by` calls so: without the signs that part the name of
    a strategy, for example "avh-within-class"."""
    return re.sub(r"[ ,]+", "-", label.replace("+", ".").replace("=", ""))


def at_equal(equal: str) -> str:
    """What runs are compared at."""
    return f"at equal {equal}"


def kinds_of_equal(rows: Sequence[Row]) -> list[str]:
    """What pruned rows are compared at; "epochs" where there are none."""
    return _distinct(row["equal"] for row in rows) or ["epochs"]


def ranked_by(row: Row) -> str:
    """Whether the seeds of a ranked row share an ensemble; "" where no ensemble ranked it, or an old file does not say."""
    if not row["ensembles"]:
        return ""
    if row["ensembles"] > 1:
        return "an ensemble a seed"
    return f"{ONE_ENSEMBLE} for all seeds" if row["n"] + row["failed"] + row["missing"] > 1 else ONE_ENSEMBLE


def kinds_of_ranking(rows: Sequence[Row]) -> list[str]:
    """What ranked rows say; those of a single run go with the others, if there are any."""
    found = _distinct(map(ranked_by, rows))
    return [kind for kind in found if kind != ONE_ENSEMBLE] or found


def _distinct(words: Iterable[str | None]) -> list[str]:
    return [word for word in dict.fromkeys(words) if word]


def several(number: int, noun: str) -> str:
    """For example "1 member", or "1,000 members"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(n_bytes: float) -> str:
    """In the unit in which it is 1 or more, of 1,000 of the one before."""
    for unit, one in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= one:
            return f"{n_bytes / one:,.1f} {unit}"
    return f"{n_bytes / 1e3:,.1f} kB"
