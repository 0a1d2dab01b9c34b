"""Where something can be shown in a notebook, which this package does not depend on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


class InHtml:
    """What a notebook shows as HTML."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_html_(self) -> str:
        return self._html


def display_of_notebook() -> Callable[..., Any] | None:
    """`IPython.display.display` where this process is the kernel of a notebook; None elsewhere, as in a terminal."""
    shell = sys.modules.get("IPython")
    if shell is None or type(shell.get_ipython()).__name__ != "ZMQInteractiveShell":
        return None
    display: Callable[..., Any] = shell.display.display
    return display
