"""The only exceptions a user is meant to see: one sentence saying what was expected, what came, what to do."""

from __future__ import annotations

import errno
import re


class LtPruneError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command line ends with."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class ArgumentError(LtPruneError):
    """An argument has a value that no data could make right."""

    exit_code = 2


class UnknownNameError(ArgumentError):
    """A name that no member of a family (metric, budget, selection, strategy, method, ...) has."""


class MemberError(LtPruneError):
    """A member of a family (see `UnknownNameError`) cannot be loaded, or breaks a promise."""

    def __init__(self, message: str, member: str = "") -> None:
        super().__init__(message)
        self.member = member
        """Its name."""


class DataError(LtPruneError):
    """The images cannot be read, or cannot give what was asked of them."""


class FileError(LtPruneError):
    """A file of ours is missing, truncated, altered, or of another kind or version."""


class ForeignFileError(FileError):
    """A file that is none of ours, or none of the kind that was looked for."""


class MismatchError(LtPruneError):
    """Two things that belong to different data sets, or to different recipes, were brought together."""


class DivergenceError(LtPruneError):
    """Training produced numbers that are not finite."""


class DecisionWarning(UserWarning):
    """A decision, such as a pruning, has a consequence its owner may not want; `lt_prune.reports.warnings` says when."""


def one_line(message: str) -> str:
    """A message with the line breaks and control characters of names written out, as a name may have any."""
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: repr(found[0])[1:-1], message)


def shown(given: object) -> str:
    """A value as messages show it, or where it is long, or an object of many parts, its kind."""
    text = repr(given)
    return text if len(text) <= 60 and "\n" not in text and not text.startswith("<") else f"a {type(given).__name__}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; the system says it by an OSError, torch by a RuntimeError."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(each in str(error) for each in words))


def not_loaded(error: Exception) -> str:
    """What to say, and to do, where a library cannot be loaded."""
    why = str(error).strip().partition("\n")[0] or type(error).__name__
    if is_out_of_memory(error) or "failed to map segment" in why or "annot allocate memory" in why:
        return f"out of memory while a library was loaded ({why}): free some, or raise the limit of addresses (ulimit -v)"
    return f"a library cannot be loaded ({why}): install lt-prune again, with all that it needs, in a new environment"
