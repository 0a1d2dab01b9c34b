"""Families of plain functions: a name leads to a function that is imported only when it is used.

A family (metrics, strategies, methods, sources) is a `Registry`. A member is one line in it, `"name": "module:attribute"`;
an outside package adds members through the family's entry point group, for example `lt_prune.metrics`.
"""

from __future__ import annotations

import difflib
import importlib
import operator
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from lt_prune.errors import LtPruneError, UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """Members of one family by name.

    Args:
        kind: what a member is called in messages, for example "metric".
        group: the entry point group through which other packages add members.
        members: name -> "module:attribute".
    """

    def __init__(self, kind: str, group: str, members: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._own = dict(members)

    @cached_property
    def _targets(self) -> dict[str, str]:
        targets = dict(self._own)
        for point in entry_points(group=self.group):
            if point.name in targets:
                raise LtPruneError(
                    f"{self.kind} {point.name!r} is offered twice, by {targets[point.name]} and by {point.value}: "
                    f"remove or rename one of them"
                )
            targets[point.name] = point.value
        return targets

    @property
    def names(self) -> list[str]:
        """Every name, in the order of registration."""
        return list(self._targets)

    def check(self, name: str) -> None:
        """Refuse a name that no member bears, without importing anything.

        Raises:
            UnknownNameError: the message lists the names there are and the nearest.
        """
        if name not in self._targets:
            near = difflib.get_close_matches(name, self.names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise UnknownNameError(f"unknown {self.kind} {name!r}{hint}: there are {', '.join(self.names)}")

    def load(self, name: str) -> T:
        """Import and return the member called `name`.

        Raises:
            UnknownNameError: as `check` does.
        """
        self.check(name)
        module, _, attribute = self._targets[name].partition(":")
        return cast(T, operator.attrgetter(attribute)(importlib.import_module(module)))
