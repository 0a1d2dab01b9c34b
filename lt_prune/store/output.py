"""One rule for whatever writes: nothing that is there is replaced unasked.

What holds the same already stays as it is; anything else is replaced where the caller says `overwrite`, else refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lt_prune.errors import FileError, ForeignFileError, MismatchError
from lt_prune.identity import differences
from lt_prune.store.atomic import write_bytes

REMEDY = "give another --out, or replace it by --overwrite"


def put(files: Mapping[Path, bytes], overwrite: bool = False) -> None:
    """Write files, all of them or none, but for those that hold these very bytes.

    Raises:
        MismatchError: one holds others, and they are not to be replaced.
    """
    other = [path for path, content in files.items() if path.exists() and path.read_bytes() != content]
    if other and not overwrite:
        raise MismatchError(f"{other[0]} exists and holds something else: {REMEDY}")
    for path, content in files.items():
        if path in other or not path.exists():
            write_bytes(path, content)


def stands(path: Path, kind: str, facts: Mapping[str, Any], read: Callable[[Path], Mapping[str, Any]]) -> bool:
    """Whether a file of a kind holds the same already; False where there is none.

    Args:
        facts: what tells what is to be written from others of its kind; and "source", what its samples were read from,
            which may be named in many ways and is told where the samples differ.
        read: gives the same of a file.

    Raises:
        MismatchError: it holds another one; says by which facts.
        FileError: it cannot be read.
    """
    if not path.exists():
        return False
    try:
        there = read(path)
    except ForeignFileError:
        raise FileError(f"{path} exists and is no {kind} file of ours: give another --out, or remove it") from None
    except FileError as error:
        reason = str(error).partition(": ")[0]
        raise FileError(f"{reason}: restore a copy, {REMEDY}") from None
    if there["samples"] != facts["samples"]:
        sources = "" if there["source"] == facts["source"] else f" ({there['source']}, not {facts['source']})"
        raise MismatchError(f"{path} holds the {kind} of other samples{sources}: {REMEDY}")
    if differing := differences(there, {**facts, "source": there["source"]}):
        raise MismatchError(f"{path} holds another {kind}, with {differing}: {REMEDY}")
    return True
