from __future__ import annotations

import pytest
import torch

from lt_prune.engine.devices import pick_device
from lt_prune.errors import ArgumentError, LtPruneError


@pytest.fixture
def gpu(monkeypatch):
    """gpu(found) makes torch say whether it has found one."""
    return lambda found: monkeypatch.setattr(torch.cuda, "is_available", lambda: found)


@pytest.mark.parametrize("found", [False, True])
def test_cpu_is_the_cpu_whatever_else_there_is(gpu, found):
    gpu(found)
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(("found", "expected"), [(False, "cpu"), (True, "cuda")])
def test_auto_is_cuda_where_there_is_one(gpu, found, expected):
    gpu(found)
    assert pick_device("auto") == torch.device(expected)


def test_cuda_is_cuda(gpu):
    gpu(True)
    assert pick_device("cuda") == torch.device("cuda")


def test_cuda_is_refused_where_there_is_none(gpu):
    gpu(False)
    with pytest.raises(LtPruneError, match="use --device cpu or auto") as refusal:
        pick_device("cuda")
    assert refusal.value.exit_code == 1


@pytest.mark.parametrize("name", ["gpu", "cuda:0", "", "CPU"])
def test_other_names_are_refused(name):
    with pytest.raises(ArgumentError, match=f"device must be one of auto, cpu, cuda, not '{name}'"):
        pick_device(name)
