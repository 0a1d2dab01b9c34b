from __future__ import annotations

import errno

import pytest
import torch

from lt_prune.errors import FileError, is_out_of_memory, not_loaded
from lt_prune.registry import described


def test_a_message_is_one_line_whatever_names_it_holds():
    assert str(FileError("a\nb\x1b[1m is damaged")) == r"a\nb\x1b[1m is damaged"


TOO_MUCH = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (MemoryError("Unable to allocate 7.45 GiB for an array"), True),
        (RuntimeError(TOO_MUCH), True),
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_says_that_memory_ran_out(error, is_one):
    assert is_out_of_memory(error) is is_one
    assert described(error).startswith("out of memory") is is_one


def test_torch_says_it_so():
    with pytest.raises(RuntimeError) as refusal:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(refusal.value)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ImportError("libtorch_cpu.so: failed to map segment from shared object"),
            "out of memory while a library was",
        ),
        (
            MemoryError(),
            "out of memory while a library was loaded (MemoryError): free some, or raise the limit",
        ),
        (
            ImportError("libcudart.so.12: cannot open shared object file"),
            "a library cannot be loaded (libcudart",
        ),
    ],
    ids=["limit", "memory", "broken"],
)
def test_a_library_that_cannot_be_loaded_is_a_sentence(error, says):
    assert not_loaded(error).startswith(says)
