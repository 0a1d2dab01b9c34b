"""Runs on streams of their own: nothing of one reaches another."""

from __future__ import annotations

import pytest
from virtual_cuda import CUDAGraph

from lt_prune.engine.shared import Shared


@pytest.mark.slow
def test_runs_of_unequal_length_are_what_each_is_alone(make, on_cuda, assert_same):
    runs = [make(seed, epochs=1 + seed % 3) for seed in range(5)]
    together, gpu = on_cuda(*runs, workers=3)
    assert not gpu.races
    for run, outcome in zip(runs, together):
        assert_same(outcome, on_cuda(run)[0][0])


@pytest.mark.slow
def test_forty_runs_four_at_once_race_nowhere(make, on_cuda, assert_same):
    """More than torch has streams, two of them as long as all others together."""
    runs = [make(seed, epochs=24 if seed in (0, 1) else 1) for seed in range(40)]
    together, gpu = on_cuda(*runs)
    assert not gpu.races
    assert gpu.counts["graph launches"] > 40 * 2
    for index in (0, 1, 2, 29, 39):
        assert_same(together[index], on_cuda(runs[index])[0][0])


def test_the_number_at_once_changes_no_bit(make, on_cuda, assert_same):
    runs = [make(seed, epochs=1) for seed in range(3)]
    alone, _ = on_cuda(*runs, workers=1)
    for workers in (2, 50):
        found, gpu = on_cuda(*runs, workers=workers)
        assert not gpu.races
        for each, expected in zip(found, alone):
            assert_same(each, expected)


def test_runs_of_one_set_share_its_images(make, on_cuda):
    copies = []
    for n in (1, 4):
        with pytest.MonkeyPatch.context() as patch:
            made = []
            held = Shared.images
            patch.setattr(Shared, "images", lambda self, pixels: made.append(held(self, pixels)) or made[-1])  # noqa: B023
            _, gpu = on_cuda(*(make(seed, epochs=1) for seed in range(n)))
        assert not gpu.races
        copies.append(len({tensor.data_ptr() for tensor in made}))
    assert copies == [1, 1]


def test_graphs_are_given_back_when_their_run_ends(make, on_cuda, monkeypatch):
    """And not when the collector finds them: torch frees the workspaces of cuBLAS with them."""
    given_back: list[bool] = []
    reset = CUDAGraph.reset
    monkeypatch.setattr(CUDAGraph, "reset", lambda graph: (given_back.append(graph.done), reset(graph)))
    seen = []
    on_cuda(make(epochs=2, field={"on_trained": lambda trained: seen.append(given_back.count(True))}))
    assert seen == [2], "one for each shape of batch, before the network is finished"
