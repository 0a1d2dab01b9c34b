from __future__ import annotations

import os

import numpy as np
import pytest

from lt_prune.engine.devices import n_at_once, n_readers


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
