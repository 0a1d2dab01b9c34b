"""How a data set is named: SOURCE[-ltB | -stepB | -full][:PATH], for example cifar10-lt50:/data; or by its place alone."""

from __future__ import annotations

import difflib
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from lt_prune.data.sources import SOURCES
from lt_prune.data.sources.places import expanded, lists_of
from lt_prune.errors import UnknownNameError
from lt_prune.registry import nearest

_CUT = re.compile(r"-(?:(?P<kind>lt|step)(?P<imbalance>\d+(?:\.\d+)?)|full)$")
OF_PYTHON = "dataset"
"""In place of a source: a data set that was given in Python, which no name opens again."""
OF_ONES_OWN = ("folder", "list", "huggingface", "npz", "features", OF_PYTHON)
"""Sources whose sets are named after their file or folder."""
_PROFILES = {"lt": "exp", "step": "step", None: "none"}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A data set as named by its source and cut."""

    source: str
    path: Path | None = None
    profile: str | None = None
    """None where the name leaves the cut to the source's default."""
    imbalance: float | None = None

    @property
    def base_name(self) -> str:
        """Name of the uncut set: the file or folder for sources of the user's own, otherwise the source."""
        if self.source in OF_ONES_OWN and self.path is not None:
            if self.source == "list":
                return clean_name(lists_of(self.path)[0].stem) or self.source
            return clean_name(self.path.resolve().name.removesuffix(".npz")) or self.source
        return self.source


def clean_name(name: str) -> str:
    """A name that can be part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", name)


def parse_spec(text: str) -> Spec:
    """Read a data set's name; where no source is called so, that of a folder of images or of an npz archive, cut or not.

    Raises:
        UnknownNameError: no such source, and nothing of that name.
    """
    name, _, path = text.partition(":")
    cut = None if name in SOURCES.names else _CUT.search(name)
    source = name[: cut.start()] if cut else name
    if source in SOURCES.names:
        _say_hidden(text)
    elif kind := _kind(text):
        return Spec(source=kind, path=expanded(text))
    elif kind := _kind(source):
        source, path = kind, source
    _check_source(source, text)
    return Spec(
        source=source,
        path=expanded(path) if path else None,
        profile=_PROFILES[cut["kind"]] if cut else None,
        imbalance=float(cut["imbalance"]) if cut and cut["imbalance"] else None,
    )


def _kind(text: str) -> str | None:
    """The source that reads what lies at a path, None where nothing does."""
    place = os.path.expanduser(text)  # which leaves an unknown user's home as it is
    if os.path.isdir(place):
        return "folder"
    return "npz" if place.endswith(".npz") and os.path.isfile(place) else None


def _check_source(name: str, text: str) -> None:
    if name in SOURCES.names:
        return
    if os.path.isfile(os.path.expanduser(text)):
        raise UnknownNameError(f"{text} is a file, and no set (.h5) or archive (.npz): name one, a folder, or a source")
    if text.startswith((".", "/", "~")) or text.endswith("/"):
        raise UnknownNameError(f"there is no folder or archive {text}: name one that there is, or a source{_like(text)}")
    try:
        SOURCES.check(name, _meant(name))
    except UnknownNameError as error:
        raise UnknownNameError(f"{error}; nor is there a folder of that name{_like(text)}") from None


def _like(text: str) -> str:
    """A hint at a folder, an archive or a set file that lies there under nearly the typed name; "" where there is none."""
    folder, typed = os.path.split(text.rstrip("/"))
    place = folder or "."
    listed = os.listdir(place) if os.path.isdir(place) and os.access(place, os.R_OK) else []
    there = [each for each in listed if os.path.isdir(os.path.join(folder, each)) or each.endswith((".npz", ".h5"))]
    near = difflib.get_close_matches(typed, there, n=1)
    return f" (did you mean {os.path.join(folder, near[0])}?)" if near else ""


def _say_hidden(text: str) -> None:
    if os.path.isdir(text):
        warnings.warn(
            f"{text} is read as the source of that name, not as the folder {text}: name that ./{text}", stacklevel=3
        )


def _meant(typed: str) -> str | None:
    """The nearest source, with a cut where what follows its name reads like one: cifar10-lt100 for cifar10-lt-100."""
    source = nearest(typed, SOURCES.names)
    letters = "[-_ ]*".join(map(re.escape, re.sub(r"[-_]", "", source or "")))
    cut = re.fullmatch(rf"{letters}[-_ ]*(lt|step)[-_ ]*(\d+(?:\.\d+)?)", typed, re.IGNORECASE)
    return f"{source}-{cut[1].lower()}{cut[2]}" if cut else source
