from __future__ import annotations

import types

import pytest

from lt_prune.engine.compiling import compiler_failure


def raised_in(module: str, error: Exception) -> Exception:
    """The error as it comes from a function of a module."""
    own = types.ModuleType(module)
    exec("def fail(error):\n    raise error", own.__dict__)
    try:
        own.fail(error)
    except Exception as caught:
        return caught
    raise AssertionError


def test_an_error_of_the_compiler_says_what_to_do():
    error = raised_in("torch._inductor.cpp_builder", KeyError("getpwuid(): uid not found: 54321"))
    said = str(compiler_failure(error))
    assert said.startswith(
        "torch.compile fails here (KeyError: 'getpwuid(): uid not found: 54321'): leave out --compiled, or "
    )


@pytest.mark.parametrize(
    "error",
    [raised_in("lt_prune.engine.step", KeyError("x")), raised_in("torch._inductor.graph", MemoryError())],
    ids=["ours", "memory"],
)
def test_another_error_is_left_as_it_is(error):
    assert compiler_failure(error) is None
