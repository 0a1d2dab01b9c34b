"""Percent is written in one way: as in "45.0%"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lt_prune
from lt_prune.percent import percent

PACKAGE = Path(lt_prune.__file__).parent
DOCS = [*(PACKAGE.parent / "docs").glob("*.md"), PACKAGE.parent / "README.md"]
SPACED = re.compile(r"[\d}][ \u00a0\u202f]%(?![a-zA-Z(\d])")
"""A number and then the other way; what is put into a text stands in braces. "%s" and remainders are none."""

HEAD = "{} %"
"""The head of a column, a name with its unit."""


@pytest.mark.parametrize(
    ("share", "digits", "said"),
    [(0.45, 1, "45.0%"), (1, 0, "100%"), (0.45, None, "45%"), (0.125, None, "12.5%"), (1 / 3, 2, "33.33%")],
)
def test_a_share_is_said_in_percent(share, digits, said):
    assert percent(share, digits) == said


def texts(file: Path) -> Iterator[str]:
    """Strings of a module, those that values are put into with braces for these, and how each of these is formatted."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            yield "format " + "".join(str(getattr(part, "value", "")) for part in node.format_spec.values)


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_modules_write_it_by_the_one_function(file):
    for text in texts(file):
        assert text == HEAD or not SPACED.search(text)
        assert file.stem == "percent" or not re.fullmatch(r"format \.\d%", text)


@pytest.mark.parametrize("file", [*(PACKAGE / "page/templates").iterdir(), *DOCS], ids=lambda file: file.name)
def test_the_page_and_docs_write_it_so(file):
    code = re.compile(r"\$\{[^{}]*\}")  # of a script, with remainders
    for line in file.read_text(encoding="utf-8").splitlines():
        assert not SPACED.search(re.sub(r"\{%.*?%\}", "", code.sub("{}", line))), line
