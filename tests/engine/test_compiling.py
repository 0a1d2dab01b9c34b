"""What is not an error of torch.compile is left alone."""

from __future__ import annotations

import pytest
import torch

from lt_prune.engine.compiling import compiler_failure


def fails_here() -> None:
    raise RuntimeError("of the program's own")


def failed(function) -> Exception:
    with pytest.raises(RuntimeError) as caught:
        function()
    return caught.value


def test_another_error_is_left_alone():
    assert compiler_failure(failed(fails_here)) is None
    assert compiler_failure(failed(lambda: torch.zeros(2) @ torch.zeros(3))) is None


def test_a_lack_of_memory_is_not_the_compilers():
    assert compiler_failure(MemoryError()) is None
