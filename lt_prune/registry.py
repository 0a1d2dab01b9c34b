"""Families of plain functions: a name leads to a function that is imported only when it is used.

A family (metrics, budgets, selections, strategies, methods, predictors, sources, models, executors) is a `Registry`. A
member is one line in it, such as `"name": "module:attribute"`; an outside package adds members through the family's entry
point group, for example `lt_prune.metrics`; and a notebook adds one by `lt_prune.register`.
"""

from __future__ import annotations

import difflib
import importlib
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from lt_prune.errors import ArgumentError, MemberError, UnknownNameError, is_out_of_memory

T = TypeVar("T")


class Registry(Generic[T]):
    """Members of one family by name.

    Args:
        kind: what a member is called in messages, for example "metric".
        group: the entry point group through which other packages add members.
        members: name -> "module:attribute".
        accept: makes a member of what was found under its name, or says by a ValueError what it must be; by default it is
            taken as it is.
    """

    def __init__(
        self, kind: str, group: str, members: Mapping[str, str], accept: Callable[[Any], T] = lambda found: found
    ) -> None:
        self.kind = kind
        self.group = group
        self.registered: dict[str, T] = {}
        """Those of this process alone."""
        self._own = dict(members)
        self._accept = accept
        self._is_told = False

    @cached_property
    def _points(self) -> list[EntryPoint]:
        return list(entry_points(group=self.group))

    @cached_property
    def _offered(self) -> dict[str, list[str]]:
        """What other packages offer under each name, of those that can have theirs."""
        found: dict[str, list[str]] = {}
        left_out = self._left_out
        for point in self._points:
            if (point.name, point.value) not in left_out:
                found.setdefault(point.name, []).append(point.value)
        for (name, target), why in left_out.items() if not self._is_told else ():
            warnings.warn(f"{self.kind} {name!r} of {target} is left out, as {why}: rename it", stacklevel=3)
        return found

    @cached_property
    def _left_out(self) -> dict[tuple[str, str], str]:
        """Why others' members cannot have their name, by it and by what stands under it. A name of ours stays ours, so that
        no package stops another's work."""
        found = {}
        for point in self._points:
            taken = "lt-prune has one of that name" if point.name in self._own else self.unfit(point.name)
            if taken:
                found[point.name, point.value] = taken
        return found

    def left_out(self) -> dict[tuple[str, str], str]:
        """The same, for those who tell of them themselves, whereupon no warning does."""
        self._is_told = True
        return self._left_out

    @property
    def names(self) -> list[str]:
        """Every name, in the order of registration."""
        return list(dict.fromkeys([*self._own, *self._offered, *self.registered]))

    def is_own(self, name: str) -> bool:
        """Whether the member of this name is lt-prune's."""
        return name in self._own

    def origin(self, name: str) -> str:
        """Whose the member of this name is: "lt-prune", where another package offers it, or "this process"."""
        if name in self.registered:
            return "this process"
        return "lt-prune" if self.is_own(name) else self._offered[name][0]

    def check(self, name: str, near: str | None = None) -> None:
        """Refuse a name that no member has, without importing anything.

        Args:
            near: what may have been meant; by default the nearest name.

        Raises:
            UnknownNameError: the message lists the names there are and the nearest.
        """
        if name not in self.names:
            near = near or nearest(str(name), self.names)
            hint = f" (did you mean {near!r}?)" if near else ""
            raise UnknownNameError(f"unknown {self.kind} {name!r}{hint}: there are {', '.join(self.names)}")

    def load(self, name: str) -> T:
        """Import and return the member called `name`.

        Raises:
            UnknownNameError: as `check` does.
            MemberError: another package's member cannot be imported, is not what it must be, or is there twice.
        """
        self.check(name)
        if name in self.registered:
            return self.registered[name]
        if name in self._own:
            return self._made(name, self._own[name], _attribute(self._own[name]))
        target, *others = self._offered[name]
        if others:
            raise MemberError(
                f"{self.kind} {name!r} is offered twice, by {target} and by {others[0]}: remove or rename one of them", name
            )
        try:
            found = _attribute(target)
        except Exception as error:
            raise MemberError(f"{self.kind} {name!r} cannot be loaded from {target}: {described(error)}", name) from error
        return self._made(name, target, found)

    def register(self, name: str, member: object) -> None:
        """Add a member for the life of this process, or replace one that was added so.

        Raises:
            ArgumentError: the name is taken, or cannot be a part of a file's name.
            MemberError: the member is not what it must be.
        """
        if name in [*self._own, *self._offered]:
            raise ArgumentError(f"there is a {self.kind} {name!r} already: choose another name")
        if unfit := self.unfit(name):
            raise ArgumentError(f"{self.kind} {name!r} cannot be registered, as {unfit}: choose another name")
        self.registered[name] = self._made(name, "what was registered", member)

    def unfit(self, name: object) -> str:
        """Why files cannot be named after a new member of this name; "" where they can.

        Names of files join several names by hyphens. So that no two subsets or runs have the same file, a new name has no
        hyphen (a strategy "ranked" by "a-b" would be one "ranked-a" by "b"), is no first part of one of ours that has, and
        does not look like the seed that they end in.
        """
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_]*", name):
            return "a name in files must be of letters, digits and _"
        if re.fullmatch(r"seed\d+", name):
            return "names of files end in a seed so"
        begun = [own for own in self._own if own.startswith(f"{name}-")]
        return f"the name {begun[0]!r} begins with it" if begun else ""

    def _made(self, name: str, target: str, found: object) -> T:
        try:
            return self._accept(found)
        except ValueError as error:
            raise MemberError(f"{self.kind} {name!r} ({target}) {error}", name) from None


def nearest(typed: str, names: Sequence[str]) -> str | None:
    """The longest name that what was typed begins with, whatever the case and the hyphens; else the name most alike."""
    plain = {re.sub(r"[\W_]", "", name).lower(): name for name in names}
    begin = [one for one in plain if re.sub(r"[\W_]", "", typed).lower().startswith(one)]
    near = [max(begin, key=len)] if begin else difflib.get_close_matches(re.sub(r"[\W_]", "", typed).lower(), plain, n=1)
    return plain[near[0]] if near else None


def described(error: Exception) -> str:
    """An unexpected error in one line."""
    first_line = str(error).strip().partition("\n")[0]
    if is_out_of_memory(error):
        return f"out of memory ({first_line})" if first_line else "out of memory"
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__


def _attribute(target: str) -> object:
    module, _, attribute = target.partition(":")
    found: object = operator.attrgetter(attribute)(importlib.import_module(module))
    return found
