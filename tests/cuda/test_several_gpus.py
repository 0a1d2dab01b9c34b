"""Runs are spread over the GPUs that the device stands for, and nothing of one GPU reaches another."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from virtual_cuda import VirtualCuda

from lt_prune.config.compute import Compute
from lt_prune.engine.shared import Shared
from lt_prune.engine.speed import images_per_second

TWO = {"n_devices": 2}


@pytest.fixture
def trained_on(monkeypatch) -> list[tuple[str, int]]:
    """The device of each run, in the order in which they begin, and where the images lie that it trains on."""
    found: list[tuple[str, int]] = []
    images = Shared.images

    def noted(shared: Shared, pixels):
        held = images(shared, pixels)
        found.append((str(held.device), held.data_ptr()))
        return held

    monkeypatch.setattr(Shared, "images", noted)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("device", "workers", "expected"),
    [
        ("cuda", None, {"cuda:0": 4, "cuda:1": 4}),
        ("cuda", 3, {"cuda:0": 5, "cuda:1": 3}),  # two streams, and one
        ("cuda", 1, {"cuda:0": 8}),
        ("cuda:0", None, {"cuda:0": 8}),
        ("cuda:1", 2, {"cuda:1": 8}),
    ],
)
def test_runs_are_spread_over_the_gpus_that_are_asked_for(make, on_cuda, assert_same, trained_on, device, workers, expected):
    runs = [make(seed, epochs=1) for seed in range(8)]
    found, gpu = on_cuda(*runs, device=device, workers=workers, gpu=TWO)
    assert not gpu.races
    assert Counter(place for place, _ in trained_on) == expected
    assert len(set(trained_on)) == len(expected), "one copy of the images on each"
    assert_same(found[5], on_cuda(runs[5])[0][0])
    assert {str(outcome.arithmetic) for outcome in found} == {"tf32 on cuda"}


def test_a_run_goes_to_the_gpu_that_trains_the_fewest(make, on_cuda, trained_on, tmp_path):
    """Two second stages of a run that ends on the second GPU, while the first GPU trains a longer one."""
    long, short = tmp_path / "long.pt", tmp_path / "short.pt"
    firsts = [make(0, epochs=6, field={"checkpoint": long}), make(1, epochs=1, field={"checkpoint": short})]
    seconds = [make(seed, epochs=1, field={"start": start}) for seed, start in ((2, long), (3, short), (4, short))]
    found, gpu = on_cuda(*firsts, *seconds, gpu=TWO)
    assert not gpu.races
    assert [outcome.failure for outcome in found] == [None] * 5
    assert [place for place, _ in trained_on][:4] == ["cuda:0", "cuda:1", "cuda:1", "cuda:0"]


def test_a_speed_is_measured_on_the_gpu_that_is_asked_for(make, trained_on):
    with VirtualCuda() as gpu:
        gpu.n_devices = 2
        assert images_per_second(make(epochs=2), Compute(device="cuda:1", n_threads=1), seconds=0.0)
    assert not gpu.races
    assert gpu.counts["graph launches"], "as runs are trained, on a stream that can be captured"
    assert [place for place, _ in trained_on] == ["cuda:1"]


def test_virtual_gpus_are_apart():
    with VirtualCuda() as gpu:
        gpu.n_devices = 2
        one, other = (torch.ones(2, device=f"cuda:{number}") for number in range(2))
        assert (str(one.device), str(other.device), str(one.to("cuda:1").device)) == ("cuda:0", "cuda:1", "cuda:1")
        with pytest.raises(RuntimeError, match="same device"):
            one + other
        before = gpu.races.total()
        with torch.cuda.stream(torch.cuda.Stream("cuda:1")):
            assert str(torch.ones(2).to("cuda").device) == "cuda:1"
            other * 2
            assert gpu.races.total() == before
            one * 2
        assert gpu.races.total() == before + 1
