"""What fails on CUDA takes nothing else with it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import virtual_cuda

from lt_prune.engine.runs import Trained
from lt_prune.errors import DivergenceError, LtPruneError


@pytest.mark.parametrize("invalidates", [False, True])
@pytest.mark.parametrize("kernel", [1, 40, 150])
def test_a_run_whose_capture_fails_is_the_eager_one(make, on_cuda, assert_same, monkeypatch, kernel, invalidates):
    with pytest.warns(UserWarning, match=r"cannot be captured .*it runs eagerly"):
        (found,), gpu = on_cuda(make(), gpu={"fail_at": kernel, "fails_in": "capture", "invalidates": invalidates})
    assert gpu.counts["graph launches"] == 0
    assert gpu.current == 0, "the stream is the caller's again"
    assert not gpu.races
    monkeypatch.setattr("lt_prune.engine.train.GraphedStep", lambda step: step)
    assert_same(found, on_cuda(make())[0][0])


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [10, 300, 900])
def test_a_run_that_dies_is_tried_once_more(make, on_cuda, assert_same, kernel):
    """In its first steps, which warm up for the capture, or later."""
    runs = [make(seed) for seed in range(3)]
    expected, _ = on_cuda(*runs)
    with pytest.warns(UserWarning, match=r"run \d: out of memory .CUDA out of memory .*tried once more"):
        found, gpu = on_cuda(*runs, gpu={"fail_at": kernel, "fails_in": "eager"})
    assert not gpu.races
    assert gpu.current == 0
    for each, other in zip(found, expected):
        assert_same(each, other)


def fail(trained: Trained) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate")


@pytest.mark.slow
def test_a_run_that_dies_twice_is_a_failure_and_the_others_go_on(make, on_cuda, assert_same):
    with pytest.warns(UserWarning, match="tried once more"):
        found, gpu = on_cuda(make(0), make(1, field={"on_trained": fail}), make(2))
    with pytest.raises(LtPruneError, match=r"^run 1 failed 2 times: out of memory \(CUDA out of memory\.\); .*--workers"):
        found[1].unwrap()
    assert not gpu.races
    for index in (0, 2):
        assert_same(found[index], on_cuda(make(index))[0][0])


def test_a_run_tried_again_goes_on_from_its_checkpoint(make, on_cuda, tmp_path):
    seen: list[int] = []
    run = make(field={"checkpoint": tmp_path / "model.pt", "on_trained": fail})
    with pytest.warns(UserWarning, match="tried once more"):
        on_cuda(run, progress=lambda what, done, total: seen.append(done))
    assert seen == [0, 1, 2, 2]


def test_what_a_listener_raises_is_not_the_runs(make, on_cuda):
    def stop(what: str, done: int, total: int) -> None:
        raise KeyError(done)

    with pytest.raises(KeyError):
        on_cuda(make(), progress=stop)


@pytest.fixture
def alive(monkeypatch) -> Iterator[list[Any]]:
    """References to every graph, none of which the collector frees."""
    made: list[Any] = []
    begin = virtual_cuda.CUDAGraph.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        made.append(weakref.ref(self))

    monkeypatch.setattr(virtual_cuda.CUDAGraph, "__init__", init)
    gc.disable()
    yield made
    gc.enable()


def test_a_kept_failure_keeps_no_graph(make, on_cuda, alive):
    outcomes, _ = on_cuda(make(0, lr=1e30), make(1))
    assert isinstance(outcomes[0].failure, DivergenceError)
    assert outcomes[0].failure.__traceback__ is None
    assert len(alive) == 3, "one of the run that diverged in its first epoch, two of the other"
    assert [graph for reference in alive if (graph := reference())] == []


def test_a_closed_iterator_leaves_nothing_running(make, alive):
    from lt_prune.config.compute import Compute
    from lt_prune.engine import run_all

    with virtual_cuda.VirtualCuda() as gpu:
        outcomes = run_all([make(0, epochs=1), make(1, epochs=9)], Compute(device="cuda", workers=2))
        next(outcomes)
        outcomes.close()
        assert gpu.current == 0
        assert not gpu.races
        assert [graph for reference in alive if (graph := reference()) and graph.done] == []
