"""How records are shown, drawn and put into tables, which they do not know themselves.

A record holds plain arrays, and stands below whatever draws or tabulates it. So it asks for its face here, and who stands
above all, the package itself, has said where faces are (`found_by`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Faces(Protocol):
    """What can be made of a record."""

    def html_of(self, record: Any) -> str: ...

    def frame_of(self, record: Any) -> Any: ...

    def picture_of(self, record: Any) -> Any: ...


_finders: list[Callable[[], Faces]] = []


def found_by(find: Callable[[], Faces]) -> None:
    """Say how faces are found, when the first one is asked for."""
    _finders[:] = [find]


class Shown:
    """A record with a face."""

    def _repr_html_(self) -> str:
        return _finders[0]().html_of(self)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`: of samples a row each, of a result a row a class, of a sweep a row a run. By the extra
        `pandas`.

        Raises:
            ArgumentError: it is not installed.
        """
        return _finders[0]().frame_of(self)

    def plot(self) -> Any:
        """A picture, which a notebook shows; its `save(stem)` writes it as PNG and PDF."""
        return _finders[0]().picture_of(self)
