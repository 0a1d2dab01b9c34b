"""What callers give, or a sentence about what it must be."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Sized
from contextlib import suppress
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from lt_prune.errors import ArgumentError, shown

_PLAIN: dict[Any, tuple[Any, str, str]] = {
    bool: (object, "True or False", "[True, False]"),
    int: (Integral, "a whole number", "[1, 2]"),
    float: (Real, "a number", "[0.1, 0.2]"),
    str: (str, "a word", '["one", "two"]'),
}
"""Kinds of plain values: what is taken for one, and what it is called alone and in a list."""
_LONGEST = 255
"""Bytes of a file's name, on most systems."""
P = ParamSpec("P")
R = TypeVar("R")
Kind = TypeVar("Kind", bound=type)

_GATHERED: dict[str, type] = {}
"""Options that functions take as one value, by the keyword for it."""


def known_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """A function of ours that refuses an unknown keyword by the sentence of `expect_known`, not by a bare TypeError, and a
    wrong kind as `known_kinds` does.

    It is not for one that takes `**settings`, which asks `expect_known` itself, as only it knows which settings there are.
    """
    names = keywords_of(function)
    return _checked(function, lambda keywords: expect_known(keywords, names))


def known_kinds(function: Callable[P, R]) -> Callable[P, R]:
    """A function of ours that refuses what is not of the kind that it is annotated with, before it does anything."""
    return _checked(function, lambda keywords: None)


def _checked(function: Callable[P, R], check: Callable[[Mapping[str, Any]], None]) -> Callable[P, R]:
    """The function, its keywords checked by `check` and the kinds of all that it is given. There is one call more between it
    and its caller, which the stack levels of warnings count."""
    named = inspect.signature(function).parameters.values()
    names = [each.name for each in named if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        check(kwargs)
        kinds = _kinds(function)
        for name, given in (*zip(names, args), *kwargs.items()):
            if name in kinds:
                expect_kind(name, given, kinds[name])
        return function(*args, **kwargs)

    return checked


@cache
def _kinds(function: Callable[..., Any]) -> dict[str, Any]:
    """What the arguments of a function are annotated with, but for lists of arguments, and for names that only type checkers
    know."""
    gathered = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = {}
    for each in inspect.signature(function).parameters.values():
        with suppress(NameError):
            if each.kind not in gathered and each.annotation is not inspect.Parameter.empty:
                found[each.name] = eval(str(each.annotation), getattr(function, "__globals__", {}))
    return found


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
        raise ArgumentError(f"{name} must be {words}, not {shown(given)}")


def expect_kind(name: str, given: object, kind: Any) -> None:
    """Refuse what is not of an annotated kind: a plain value, a list of such, a path, a function, or a record of ours. Where
    a record or its file may be given, functions have words of their own.

    Raises:
        ArgumentError: says what `name` must be, in the words of the annotation where that is `Annotated[kind, words]`.
    """
    words = ""
    if get_origin(kind) is Annotated:
        kind, words = get_args(kind)
    several = get_origin(kind) in (Union, UnionType)
    kinds = [each for each in (get_args(kind) if several else (kind,)) if each is not NoneType]
    if Path in kinds and isinstance(given, (str, os.PathLike)):
        expect_path(name, given)
    if len(kinds) > 2 or (given is None and NoneType in get_args(kind)) or any(_is_of(given, each) for each in kinds):
        return
    words = words or " or ".join(_worded(each) for each in kinds if each is not str or Path not in kinds)
    raise ArgumentError(f"{name} must be {words}, not {shown(given)}")


def _is_of(given: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return isinstance(given, str) and given in inner
    if origin in (Sequence, tuple):
        return _is_list(given, inner[0], None if origin is Sequence or inner[-1] is Ellipsis else len(inner))
    if kind in _PLAIN:
        return isinstance(given, _PLAIN[kind][0]) and (kind is bool) == (type(given).__name__ in ("bool", "bool_"))
    if getattr(kind, "_is_protocol", False):
        return callable(given)
    if kind is Path:
        return isinstance(given, os.PathLike)
    known = kind if isinstance(kind, type) and kind is not Any else origin
    return known is None or known.__name__ == "ndarray" or isinstance(given, known)


def _is_list(given: Any, kind: Any, length: int | None) -> bool:
    """Whether something is a list, or an array, of such values."""
    listed = isinstance(given, Iterable) and isinstance(given, Sized) and not isinstance(given, (str, bytes, Mapping))
    if not listed or length not in (None, len(given)):
        return False
    return all(_is_of(each.item() if getattr(each, "ndim", None) == 0 else each, kind) for each in given)


def _worded(kind: Any) -> str:
    inner = get_args(kind)
    if get_origin(kind) is Literal:
        return " or ".join(inner)
    if get_origin(kind) in (Sequence, tuple):
        what = _PLAIN.get(inner[0])
        return f"a list of {what[1].removeprefix('a ')}s such as {what[2]}" if what else "a list"
    if kind in _PLAIN:
        return _PLAIN[kind][1]
    return "a path" if kind is Path else "a function" if getattr(kind, "_is_protocol", False) else f"a {kind.__name__}"


def expect_path(name: str, given: object) -> None:
    """Refuse what can name no file.

    Raises:
        ArgumentError: it cannot.
    """
    expect(name, given, (str, os.PathLike), "a path")
    if not str(given) or "\0" in str(given):
        raise ArgumentError(f"{name} must be a path, not {shown(given)}")
    if too_long := [part for part in Path(str(given)).parts if len(os.fsencode(part)) > _LONGEST]:
        raise ArgumentError(f"{name} has a name of {len(too_long[0]):,} letters, and a file's has up to {_LONGEST} bytes")


def expect_whole(name: str, given: object, low: int | None = None, high: int | None = None) -> None:
    """Refuse what is no whole number, below `low`, or above `high`.

    Raises:
        ArgumentError: it is so.
    """
    if isinstance(given, bool) or not isinstance(given, Integral):
        raise ArgumentError(f"{name} must be a whole number, not {shown(given)}")
    if low is not None and int(given) < low:
        raise ArgumentError(f"{name} must be at least {low}, not {given}")
    if high is not None and int(given) > high:
        raise ArgumentError(f"{name} must be at most {high:,}, not {given}")


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
        raise ArgumentError(f"{name} must be {kind}, not {shown(given)}")
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


def expect_unread(given: Mapping[str, Any], why: str) -> None:
    """Refuse what would be read in another case alone.

    Args:
        given: by keyword; None where it is not given.
        why: what follows the keyword in the message.

    Raises:
        ArgumentError: something is given. Of what gathers several options, as the command line has them one by one, it says
            which of them differ from their defaults, or lists all where none does.
    """
    for name, value in given.items():
        if isinstance(value, tuple(_GATHERED.values())):
            usual, every = type(value)(), keywords_of(type(value))
            name += f" ({', '.join([each for each in every if getattr(value, each) != getattr(usual, each)] or every)})"
        if value is not None:
            raise ArgumentError(f"{name} {why}")


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
