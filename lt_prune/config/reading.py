"""How the images of a source are read."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from lt_prune.choices import CLASS_ORDERS, LOADINGS
from lt_prune.errors import ArgumentError
from lt_prune.given import expect_path, gathered_as

HOLDOUT = 0.2
"""Share of each class that is held out where a source has no test images and nothing else is asked for."""
LARGEST_SIDE = 1024
"""Pixels; images beyond it fit no memory by the thousand."""

_UNASKED = {"holdout": HOLDOUT, "class_order": "text"}
"""Options that mean something where they are not given, too."""
_OF_NO_EFFECT = ("download", "loading", "strict")
"""Fields that decide how images come here, or what is refused, and nothing about them."""


@gathered_as("reading")
@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the images of a source are read; a set file is read as it is.

    Raises:
        ArgumentError: a value is out of range.
    """

    download: bool = False
    """Fetch what is missing, for sources that can."""
    resize: int | None = None
    """Side of the square that images are resized to, for sources of files."""
    loading: str = "auto"
    """For sources of files: "memory" to hold images, "stream" to read them again whenever they are needed, "auto" to stream
    those that would take half of the available memory or more."""
    class_order: str = "text"
    """Of a folder's classes: "text" sorts 1, 10, 2, "natural" 1, 2, 10, and "count" the largest class first."""
    holdout: float | None = None
    """Share of each class to hold out as test images, for sources that have none: by default `HOLDOUT`; 0 for none."""
    root: str | None = None
    """Of a list of files, the folder that its paths begin in; by default that of the list."""
    skip_broken: bool = False
    """Leave out image files that cannot be used, instead of refusing their folder."""
    strict: bool = False
    """Refuse a folder that holds what is neither class nor picture, instead of passing it over with a warning."""

    def __post_init__(self) -> None:
        if self.resize is not None and not 1 <= self.resize <= LARGEST_SIDE:
            raise ArgumentError(f"resize must be a side of 1 to {LARGEST_SIDE:,} pixels, not {self.resize}")
        if self.loading not in LOADINGS:
            raise ArgumentError(f"loading must be {', '.join(LOADINGS)}, not {self.loading!r}")
        if self.class_order not in CLASS_ORDERS:
            raise ArgumentError(f"class_order must be {', '.join(CLASS_ORDERS)}, not {self.class_order!r}")
        if self.root is not None:
            expect_path("root", self.root)
            object.__setattr__(self, "root", os.fspath(self.root))
        if self.holdout is not None and not 0 <= self.holdout < 1:
            raise ArgumentError(f"holdout must be the share to test on, in [0, 1), such as 0.2, not {self.holdout}")

    @property
    def kept(self) -> dict[str, Any]:
        """What decides which images a set has: every field but how they come here, where it is not at its default."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(Reading)
            if field.name not in _OF_NO_EFFECT and getattr(self, field.name) != field.default
        }

    def like(self, was: Mapping[str, Any]) -> Reading:
        """This, with what was not asked for as it was before; `was` may be of a later version that knows more."""
        known = {field.name: was[field.name] for field in fields(Reading) if field.name in was}
        return replace(self, **{**known, **self.kept})


def as_options(kept: Mapping[str, Any]) -> str:
    """What was kept of a reading, as it is said on the command line: "--resize 32"; "" where all is at its default."""
    return " ".join(_option(name) if value is True else f"{_option(name)} {_value(value)}" for name, value in kept.items())


def told_apart(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In which options two readings differ: "--resize 64, now 32"; "" where they do not."""
    said = []
    for name in dict.fromkeys([*was, *now]):
        if was.get(name) != now.get(name):
            said.append(f"{_before(name, was)}, now {_now(name, now)}")
    return ", and ".join(said)


def so_again(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What to do to read as it was: "give --resize 32 and leave out --holdout"."""
    extra = ", ".join(_option(name) for name in now if name not in was)
    steps = [f"give {as_options(was)}"] if was else []
    return " and ".join([*steps, f"leave out {extra}"] if extra else steps)


def _before(name: str, was: Mapping[str, Any]) -> str:
    if name in was:
        return as_options({name: was[name]})
    return f"{_option(name)} {_UNASKED[name]}" if name in _UNASKED else f"no {_option(name)}"


def _now(name: str, now: Mapping[str, Any]) -> str:
    if name in now:
        return _value(now[name])
    return str(_UNASKED.get(name, "without"))


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return shlex.quote(value)
    return "with it" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
