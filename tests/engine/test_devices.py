from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from lt_prune.engine.devices import arithmetic, driver_present, n_at_once, n_readers, pick_device
from lt_prune.errors import ArgumentError, LtPruneError


@pytest.fixture
def gpu(monkeypatch):
    """gpu(found) makes torch say whether it has found one."""
    monkeypatch.setattr("lt_prune.engine.devices.driver_present", lambda: True)
    return lambda found: monkeypatch.setattr(torch.cuda, "is_available", lambda: found)


@pytest.mark.parametrize("found", [False, True])
def test_cpu_is_the_cpu_whatever_else_there_is(gpu, found):
    gpu(found)
    assert pick_device("cpu") == "cpu"


@pytest.mark.parametrize(("found", "expected"), [(False, "cpu"), (True, "cuda")])
def test_auto_is_cuda_where_there_is_one(gpu, found, expected):
    gpu(found)
    assert pick_device("auto") == expected


def test_without_a_driver_torch_is_not_loaded():
    code = """
import sys
from lt_prune.engine import devices
devices.driver_present = lambda: False
assert devices.pick_device("auto") == "cpu"
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="drivers are looked for on Linux")
def test_a_driver_is_there_wherever_torch_finds_a_gpu():
    assert driver_present() or not torch.cuda.is_available()


def test_cuda_is_cuda(gpu):
    gpu(True)
    assert pick_device("cuda") == "cuda"


def test_cuda_is_refused_where_there_is_none(gpu):
    gpu(False)
    with pytest.raises(LtPruneError, match="use --device cpu or auto") as refusal:
        pick_device("cuda")
    assert refusal.value.exit_code == 1


@pytest.mark.parametrize("name", ["gpu", "cuda:0", "", "CPU"])
def test_other_names_are_refused(name):
    with pytest.raises(ArgumentError, match=f"device must be one of auto, cpu, cuda, not '{name}'"):
        pick_device(name)


def test_images_are_read_ahead_by_every_core_for_a_gpu_alone(monkeypatch):
    monkeypatch.setattr("lt_prune.engine.devices.available_cores", lambda: 5)
    assert n_readers("cpu") == 0
    assert n_readers("cuda") == (5 if os.name == "posix" else 0)


@pytest.mark.skipif(os.name != "posix", reason="readers are forked")
@pytest.mark.parametrize(("runs", "expected"), [(1, 9), (2, 4), (4, 2), (20, 1)])
def test_runs_side_by_side_share_the_cores_that_read_ahead(monkeypatch, runs, expected):
    monkeypatch.setattr("lt_prune.engine.devices.available_cores", lambda: 9)
    assert n_readers("cuda", runs) == expected


@pytest.mark.parametrize(("side", "expected"), [(8, 4), (32, 4), (64, 4), (80, 2), (96, 1), (224, 1)])
def test_fewer_runs_share_a_gpu_where_images_are_large(side, expected):
    small, large = np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, side, side, 3), np.uint8)
    assert n_at_once([small, large, small]) == expected


@pytest.mark.parametrize("precision", ["tf32", "bf16", "fp32"])
def test_the_cpu_computes_in_float32_whatever_is_asked(gpu, precision):
    gpu(True)
    assert arithmetic("cpu", precision).arithmetic == "fp32 on cpu"
    assert arithmetic("auto", precision, compiled=True).arithmetic == f"{precision} on cuda, compiled"
