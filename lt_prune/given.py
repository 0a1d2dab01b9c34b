"""What callers give, or a sentence about what it must be."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Collection, Iterable
from functools import wraps
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

from lt_prune.errors import ArgumentError

P = ParamSpec("P")
R = TypeVar("R")
Kind = TypeVar("Kind", bound=type)

_GATHERED: dict[str, type] = {}
"""Options that functions take as one value, by the keyword for it."""


def known_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """A function of ours that refuses an unknown keyword by the sentence of `expect_known`, not by a bare TypeError.

    It is not for one that takes `**settings`, which asks `expect_known` itself, as only it knows which settings there are.
    """
    names = keywords_of(function)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        expect_known(kwargs, names)
        return function(*args, **kwargs)

    return checked


def keywords_of(function: Callable[..., Any]) -> list[str]:
    """Names of the keywords that a function takes, but for those that `**settings` or `self` stand for."""
    parameters = inspect.signature(function).parameters.values()
    gathered = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.kind not in gathered and each.name != "self"]


def known_fields(kind: Kind) -> Kind:
    """A dataclass of options that refuses an unknown field as `known_keywords` does."""
    kind.__init__ = known_keywords(kind.__init__)  # type: ignore[misc]
    return kind


def gathered_as(keyword: str) -> Callable[[Kind], Kind]:
    """The same for one that functions take whole, by this keyword: a field of it in its place is refused by saying so."""

    def gathering(kind: Kind) -> Kind:
        _GATHERED[keyword] = kind
        return known_fields(kind)

    return gathering


def expect(name: str, given: object, kinds: type | tuple[type, ...], words: str) -> None:
    """Refuse what is of no such kind.

    Raises:
        ArgumentError: says what `name` must be, in words.
    """
    if not isinstance(given, kinds):
        raise ArgumentError(f"{name} must be {words}, not {_shown(given)}")


def expect_path(name: str, given: object) -> None:
    """Refuse what names no file.

    Raises:
        ArgumentError: it is none.
    """
    expect(name, given, (str, os.PathLike), "a path")


def expect_whole(name: str, given: object, low: int | None = None) -> None:
    """Refuse what is no whole number, or below `low`.

    Raises:
        ArgumentError: it is so.
    """
    if isinstance(given, bool) or not isinstance(given, Integral):
        raise ArgumentError(f"{name} must be a whole number, not {_shown(given)}")
    if low is not None and int(given) < low:
        raise ArgumentError(f"{name} must be at least {low}, not {given}")


def expect_one_of(name: str, given: str, choices: Collection[str]) -> None:
    """Refuse what is none of a few words.

    Raises:
        ArgumentError: it is none.
    """
    if given not in choices:
        raise ArgumentError(f"{name} must be {' or '.join(choices)}, not {given!r}")


def like(name: str, given: Any, example: object) -> Any:
    """A value of the same kind as an example of it; a number of NumPy's as one of Python's, which JSON knows.

    Raises:
        ArgumentError: it is of another kind.
    """
    if isinstance(example, bool):
        fits, kind = isinstance(given, bool) or type(given).__name__ in ("bool", "bool_"), "True or False"
    elif isinstance(example, int):
        fits, kind = isinstance(given, Integral) and not isinstance(given, bool), "a whole number"
    elif isinstance(example, float):
        fits, kind = isinstance(given, Real) and not isinstance(given, bool), "a number"
    elif isinstance(example, str):
        fits, kind = isinstance(given, str), "a word"
    else:
        fits, kind = _are_numbers(given), "a list of numbers such as (160, 180)"
    if not fits:
        raise ArgumentError(f"{name} must be {kind}, not {_shown(given)}")
    return given.item() if type(given).__module__ == "numpy" and not isinstance(given, Iterable) else given


def expect_known(names: Iterable[str], known: Collection[str], besides: Collection[str] = ()) -> None:
    """Refuse a keyword that is the name of no setting.

    Args:
        besides: what may have been meant, too, such as the other keywords of a function.

    Raises:
        ArgumentError: lists the names there are, and the nearest, or says what it is a field of.
    """
    fields = _fields_of({*besides, *known})
    for name in names:
        if name in known:
            continue
        if name in fields:
            raise ArgumentError(fields[name])
        near = difflib.get_close_matches(name, [*besides, *known], n=1)
        near = near or difflib.get_close_matches(name, fields, n=1, cutoff=0.8)  # what is farther away is seldom meant
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ArgumentError(f"unknown setting {name!r}{hint}: there are {', '.join(known) or 'none'}")


def _fields_of(keywords: Collection[str]) -> dict[str, str]:
    """By each field of what is gathered under one of these keywords, how to give it."""
    return {
        name: f"{name} is a field of {kind.__name__}: give {keyword}={kind.__name__}({name}=...)"
        for keyword, kind in _GATHERED.items()
        if keyword in keywords
        for name in keywords_of(kind)
    }


def _are_numbers(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str) and all(isinstance(each, Real) for each in given)


def _shown(given: object) -> str:
    """A value, or where it is long, its kind."""
    text = repr(given)
    return text if len(text) <= 60 and "\n" not in text else f"a {type(given).__name__}"
