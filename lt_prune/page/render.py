"""Plain data -> the page: one template, one style sheet and one script, all in one file that asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from lt_prune.percent import percent
from lt_prune.versions import versions


def render(content: Mapping[str, Any], data: Mapping[str, Any]) -> bytes:
    """The page as UTF-8.

    Args:
        content: what the template shows; every text in it is escaped.
        data: what the script reads, as JSON in which no name can end the element that it is in.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False, "ensure_ascii": True}
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["percent"] = percent
    script = _template("report.js")
    page = environment.get_template("report.html").render(
        content,
        data=data,
        style=Markup(_template("report.css")),  # ours, and no name is in it
        script=Markup(script),
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),  # no other one is run
        version=versions()["lt-prune"],
    )
    return page.encode("utf-8", "replace")


def _template(name: str) -> str:
    return resources.files("lt_prune.page").joinpath("templates").joinpath(name).read_text(encoding="utf-8")
