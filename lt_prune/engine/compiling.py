"""What becomes of an error of torch.compile, which depends on the machine: on a C++ compiler and on places to write to."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from lt_prune.errors import LtPruneError, is_out_of_memory
from lt_prune.registry import described

_PARTS = ("torch._dynamo", "torch._inductor", "torch._functorch", "triton")
"""Modules that compile."""


def compiler_failure(error: Exception) -> LtPruneError | None:
    """A sentence in place of an error that came while a network was compiled; None for any other."""
    if is_out_of_memory(error) or not any(name.startswith(_PARTS) for name in _modules(error.__traceback__)):
        return None
    return LtPruneError(
        f"torch.compile fails here ({described(error)}): leave out --compiled, or give torch a C++ compiler and a folder to "
        f"write to (TORCHINDUCTOR_CACHE_DIR)"
    )


def _modules(traceback: TracebackType | None) -> Iterator[str]:
    while traceback:
        yield str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
