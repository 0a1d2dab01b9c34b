from __future__ import annotations

import subprocess
import sys

import pytest
import torch

import lt_prune as lp
from lt_prune.config.compute import Arithmetic, driver_present, pick_device
from lt_prune.errors import ArgumentError, LtPruneError, MismatchError


@pytest.fixture
def gpu(monkeypatch):
    """gpu(found) makes torch say whether it has found one."""
    monkeypatch.setattr("lt_prune.config.compute.driver_present", lambda: True)
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
from lt_prune.config import compute
compute.driver_present = lambda: False
assert compute.Compute().device == "cpu"
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


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:one", "cuda:-1", "cuda:1 ", "", "CPU"])
def test_other_names_are_refused(name):
    says = f"device must be one of auto, cpu, cuda, or a GPU such as cuda:1, not '{name}'"
    with pytest.raises(ArgumentError, match=says):
        pick_device(name)


def test_one_gpu_of_several_is_of_their_kind(gpu, monkeypatch):
    gpu(True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    compute = lp.Compute(device="cuda:1")
    assert (compute.device, compute.arithmetic) == ("cuda:1", lp.Compute(device="cuda").arithmetic)


def test_a_gpu_that_is_not_there_is_refused(gpu, monkeypatch):
    gpu(True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(LtPruneError, match="device 'cuda:2' was asked for, but the last GPU that torch finds is cuda:1"):
        lp.Compute(device="cuda:2")
    gpu(False)
    with pytest.raises(
        LtPruneError, match="device 'cuda:0' was asked for, but torch finds no usable GPU here: use --device"
    ):
        lp.Compute(device="cuda:0")


@pytest.mark.parametrize("precision", ["tf32", "bf16", "fp32"])
def test_the_cpu_computes_in_float32_whatever_is_asked(gpu, precision):
    gpu(True)
    assert str(lp.Compute(device="cpu", precision=precision).arithmetic) == "fp32 on cpu"
    assert str(lp.Compute(precision=precision, compiled=True).arithmetic) == f"{precision} on cuda, compiled"


def test_it_says_what_it_is_where_it_is_made(gpu):
    gpu(True)
    assert lp.Compute(workers=3) == lp.Compute(device="cuda", precision="tf32", workers=3)
    gpu(False)
    assert lp.Compute(workers=3) == lp.Compute(device="cpu", precision="fp32", workers=3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"n_threads": -1}, "threads must be at least 1, not -1"),
        ({"precision": "fp8"}, "precision must be tf32, fp32, bf16, not 'fp8'"),
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda, or a GPU such as cuda:1, not 'tpu'"),
        ({"executor": 3}, "executor must be a word, not 3"),
    ],
)
def test_unusable_options_are_refused(options, said):
    with pytest.raises(ArgumentError, match=said):
        lp.Compute(**{"device": "cpu", **options})


@pytest.mark.parametrize(
    "other",
    [{"device": "cuda", "precision": "fp32"}, {"precision": "bf16"}, {"compiled": True}],
    ids=lambda each: next(iter(each)),
)
def test_what_was_computed_otherwise_is_refused_by_a_sentence_that_names_the_two(other):
    here, was = Arithmetic(), Arithmetic(**other)
    here.require(here, "it was trained", "give another")
    with pytest.raises(MismatchError) as refusal:
        here.require(was, "it was trained", "give another")
    expected = f"it was trained with {was}, not fp32 on cpu: ask for the former by --device, --precision and --compiled, "
    assert str(refusal.value) == f"{expected}give another"
