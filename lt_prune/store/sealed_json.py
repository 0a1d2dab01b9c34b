"""JSON sealed by a checksum.

The field "sha256" is the digest of the others, written without spaces, keys in order and letters beyond ASCII escaped: any
program can check it (see docs/formats.md), and a file that was only laid out otherwise is still whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from lt_prune.errors import FileError
from lt_prune.store.schema import SCHEMAS, SEALED_FROM, check_schema

SEAL = "sha256"
BEGIN = b'{\n "schema": '
"""What each of ours begins with."""


def sealed(kind: str, content: Mapping[str, Any]) -> bytes:
    """A dictionary as JSON, with the schema number of its kind and the seal before it."""
    numbered = {"schema": SCHEMAS[kind], **content}
    return (json.dumps({"schema": SCHEMAS[kind], SEAL: _digest(numbered), **content}, indent=1) + "\n").encode()


def unsealed(path: Path, kind: str) -> dict[str, Any]:
    """The dictionary in a file, verified; those of older schemas need no seal.

    Raises:
        FileError: it is altered, or a later version wrote it.
        ValueError, TypeError, ArgumentError: it is no dictionary as JSON, with a schema number where it has one.
    """
    try:
        content = json.loads(path.read_bytes(), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("it is no JSON, or is cut off") from None
    if not isinstance(content, dict):
        raise TypeError(f"it holds no fields, but a {type(content).__name__}")
    seal, schema = content.pop(SEAL, None), content.get("schema", 1)
    check_schema(path, kind, schema)
    if (schema >= SEALED_FROM or seal is not None) and seal != _digest(content):
        raise FileError(f"{path} is damaged (its checksum does not match): make it again or restore a copy")
    content.pop("schema", None)
    return content


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
