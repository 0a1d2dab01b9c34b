"""Records as notebooks show them: a line and a small table, in which every name is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

SHOWN = 12
"""Rows of a table; of more, the rest is counted."""


def html_table(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """A title above a table of rows with the same columns."""
    head = "".join(f"<th>{escape(str(column))}</th>" for column in (rows[0] if rows else ()))
    body = "".join(f"<tr>{''.join(map(_cell, row.values()))}</tr>" for row in rows[:SHOWN])
    more = f"<div>and {len(rows) - SHOWN:,} more</div>" if len(rows) > SHOWN else ""
    return f"<div><strong>{escape(title)}</strong></div><table><tr>{head}</tr>{body}</table>{more}"


def _cell(value: Any) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if number else str(value)
    return f"<td style='text-align:{'right' if number else 'left'}'>{escape(text)}</td>"
