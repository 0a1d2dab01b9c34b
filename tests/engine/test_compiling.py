"""An error of torch.compile becomes a sentence."""

from __future__ import annotations

import pytest
import torch

import lt_prune as lp
from lt_prune.engine.compiling import compiler_failure


def fails_here() -> None:
    raise RuntimeError("of the program's own")


def failed(function) -> Exception:
    with pytest.raises(RuntimeError) as caught:
        function()
    return caught.value


def test_what_the_compiler_raises_says_what_to_leave_out(monkeypatch, blobs, in_tmp):
    """A backend that refuses stands for a machine without a C++ compiler: torch raises from its own modules."""
    torch._dynamo.reset()
    compiled = torch.compile
    monkeypatch.setattr(torch, "compile", lambda network: compiled(network, backend=refuses))
    with pytest.raises(
        lp.LtPruneError, match=r"^torch.compile fails here \(BackendCompilerFailed: .*\): leave out --compiled"
    ):
        lp.train(blobs(), model="resnet8", epochs=1, compute=lp.Compute(device="cpu", compiled=True), out="run")


def refuses(graph, inputs):
    raise OSError("no compiler")


def test_another_error_is_left_alone():
    assert compiler_failure(failed(fails_here)) is None
    assert compiler_failure(failed(lambda: torch.zeros(2) @ torch.zeros(3))) is None


def test_a_lack_of_memory_is_not_the_compilers():
    assert compiler_failure(MemoryError()) is None
