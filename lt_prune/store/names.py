"""Names that become files or folders: they are checked here when they are read and when they are written."""

from __future__ import annotations

import re
import unicodedata

from lt_prune.errors import ArgumentError


def check_name(what: str, name: object) -> str:
    """A name that is a part of a file's name, such as that of a set or of a metric.

    Raises:
        ArgumentError: it is no text, or could lead out of the folder that the file is written to.
    """
    text = _text(what, name)
    if not text.isprintable() and any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
        raise ArgumentError(f"{what} {_shown(text)} must be without control characters and line breaks: rename it")
    if not text or text in (".", "..") or re.search(r"[/\\]", text):
        raise ArgumentError(f"{what} {_shown(text)} must be one part of a file's name, without / and \\: rename it")
    return text


def check_path(what: str, path: object) -> str:
    """A path below a folder, such as an image's below its source. It may hold whatever a file's name may, line breaks too.

    Raises:
        ArgumentError: it is no text, or leads out of the folder.
    """
    text = _text(what, path)
    if ".." in re.split(r"[/\\]", text) or re.match(r"([A-Za-z]:)?[/\\]", text):
        raise ArgumentError(f"{what} {_shown(text)} must not lead out of its folder: rename it")
    return text


def _text(what: str, name: object) -> str:
    if not isinstance(name, str):
        raise ArgumentError(f"{what} must be text, not {type(name).__name__}")
    if "\0" in name or (not name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in name)):
        raise ArgumentError(f"{what} {_shown(name)} cannot be that of a file: rename it")
    return name


def _shown(name: str) -> str:
    """A name in one line, whatever it holds; a long one is cut."""
    return repr(name if len(name) <= 80 else f"{name[:80]}...")
