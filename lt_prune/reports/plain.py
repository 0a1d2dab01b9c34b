"""Plain tables for the terminal, which show names as they are."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text


def plain_table(*columns: str) -> Table:
    """A plain table; a column whose name begins with > is set flush right."""
    table = _Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(_in_one_line(column.removeprefix(">"))), justify="right" if column.startswith(">") else "left")
    return table


class _Table(Table):
    """A table that shows names as they are: without markup, emoji, or a second line."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        super().add_row(*(Text(_in_one_line(cell)) if isinstance(cell, str) else cell for cell in cells), **options)


def _in_one_line(text: str) -> str:
    return (
        text if text.isprintable() else "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    )


def plain_ratio(ratio: float | None) -> str:
    """An imbalance ratio in words."""
    return "with an empty class" if ratio is None else f"{ratio:.1f}"
