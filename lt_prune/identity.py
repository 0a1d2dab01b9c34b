"""What makes two runs, or two score files, the same: a mapping, compared field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

FIRST = "first"
"""The field that holds the identity of a first stage, None where there is none."""
_OPTIONS = {"preset": "recipe"}
"""Options by which a user knows a field of another name."""
_OF_ANY = frozenset(
    (
        "data",
        "subset",
        "samples",
        "equal",
        "strategy",
        "metric",
        "keep",
        "within",
        "ratio",
        "ensemble",
        "method",
        "seed",
        FIRST,
    )
)
"""What runs of one stage and of two have in common: their recipes are of different stages."""


@dataclass(frozen=True)
class Named:
    """What is known by its digest, and told by a user's name for it too."""

    name: str = field(compare=False)
    digest: str

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:12]})"


def differences(was: Mapping[str, Any], asked: Mapping[str, Any], absent: Mapping[str, Any] | None = None) -> str:
    """The fields in which two identities differ, with both values: "epochs 300, not 100, and seed 0, not 1"; "" where there
    are none.

    Args:
        was: what is there.
        asked: what was asked for.
        absent: what a field counts as where it is absent, so that an older file does not differ by fields of later versions.
    """
    return ", and ".join(_differing(was, asked, absent or {}))


def _differing(was: Mapping[str, Any], asked: Mapping[str, Any], absent: Mapping[str, Any], of: str = "") -> Iterator[str]:
    alike = bool(was.get(FIRST)) == bool(asked.get(FIRST))
    for name in dict.fromkeys([*asked, *was]):
        if not alike and name not in _OF_ANY:
            continue
        one, other = (_plain(each.get(name, absent.get(name))) for each in (was, asked))
        if name == FIRST:
            yield from _differing_first(one, other, absent)
        elif one != other:
            yield f"{of}{_OPTIONS.get(name, name)} {_told(one)}, not {_told(other)}"


def _differing_first(was: Any, asked: Any, absent: Mapping[str, Any]) -> Iterator[str]:
    if was and asked:
        yield from _differing(was, asked, absent, "first stage's ")
    elif was or asked:
        yield "first stage {}, not {}".format(*(each["method"] if each else "none" for each in (was, asked)))


def _plain(value: Any) -> Any:
    """JSON knows no tuples."""
    return tuple(value) if isinstance(value, list) else value


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, str) and len(value) == 64:
        return f"of digest {value[:12]}"
    return "none" if value is None else str(value)
