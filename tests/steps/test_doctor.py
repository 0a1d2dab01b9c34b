from __future__ import annotations

import json
import math
import os
import shutil
from importlib.metadata import version

import psutil
import pytest
import torch
from typed import lt, ok

import lt_prune as lp
from lt_prune.reports.words import size

SMALL = {"epochs": 2, "model": "resnet8", "compute": lp.Compute(device="cpu", workers=3)}


@pytest.fixture
def speed(monkeypatch):
    """Measured as 90 images a second, in 500 MB."""
    monkeypatch.setattr("lt_prune.steps.doctor.measured", lambda run, compute: (90.0, 500_000_000))


def test_what_there_is_here_is_what_others_say_of_it(in_tmp):
    found = lp.doctor()
    assert found["versions"]["torch"] == version("torch")
    assert found["extras"].keys() == {"datasets", "pandas", "pyarrow", "safetensors", "tensorboard", "timm"}
    assert found["cores"]["machine"] == os.cpu_count()
    assert found["memory"]["machine"] == psutil.virtual_memory().total
    assert found["memory"]["usable"] <= found["memory"]["machine"]
    assert found["disk"][str(in_tmp)] == pytest.approx(shutil.disk_usage(in_tmp).free, rel=0.1)
    assert len(found["devices"]) == 1 + torch.cuda.device_count()


def test_an_extra_is_told_with_its_version_or_as_missing(monkeypatch):
    monkeypatch.setattr("lt_prune.versions.EXTRAS", ("torch", "no-such-library"))
    assert lp.doctor()["extras"] == {"torch": version("torch"), "no-such-library": None}


def test_limits_of_a_container_are_told(monkeypatch):
    monkeypatch.setattr("lt_prune.steps.doctor.container_cores", lambda: 1.5)
    monkeypatch.setattr("lt_prune.steps.doctor.container_memory", lambda: 4e9)
    found = lp.doctor()
    assert (found["cores"]["container"], found["memory"]["container"]) == (1.5, 4e9)
    monkeypatch.undo()
    monkeypatch.setattr("lt_prune.steps.doctor.container_cores", lambda: math.inf)
    assert lp.doctor()["cores"]["container"] is None


def test_a_score_costs_its_images_at_the_speed_of_all_members_at_work(blobs, speed):
    data = blobs()
    cost = lp.doctor(data, members=4, **SMALL)["score"]
    assert (cost["n_samples"], cost["members"], cost["epochs"]) == (45, 4, 8)
    assert cost["images"] == 4 * 2 * 45
    assert cost["images_per_second"] == 3 * 90  # three members at once
    assert cost["seconds"] == pytest.approx(4 * 2 * 45 / 270)
    assert cost["images_bytes"] == data.pixels.nbytes + data.test_pixels.nbytes
    assert cost["member_bytes"] == 500_000_000


def test_nothing_is_written(blobs, speed, in_tmp):
    lp.doctor(blobs(), members=1, **SMALL)
    assert not list(in_tmp.iterdir())


def test_a_member_too_short_to_be_measured_says_so(blobs, monkeypatch, in_tmp):
    monkeypatch.setattr("lt_prune.steps.doctor.measured", lambda run, compute: None)
    lp.write_set("blobs.h5", blobs())
    said = " ".join(ok("doctor --data blobs.h5 --members 1 --epochs 1 --model resnet8").stdout.split())
    assert "1 member of resnet8 on 45 samples of blobs, 1 epoch in all: too short to be measured; memory: 16.3 kB" in said


@pytest.mark.slow
def test_speed_and_memory_are_measured(in_tmp):
    cost = lp.doctor("digits", members=1, epochs=10, model="resnet8", compute=lp.Compute(device="cpu"))["score"]
    assert cost["seconds"] > 0
    assert 50e6 < cost["member_bytes"] < psutil.virtual_memory().total


def test_the_command_says_the_same_as_json(in_tmp, monkeypatch):
    said = json.loads(ok("doctor --json").stdout)
    assert said["versions"] == lp.doctor()["versions"]
    for part in ("versions", "extras", "usable of", "free of", "device"):
        assert part in ok("doctor").stdout


def test_data_that_are_not_there_are_refused(in_tmp):
    refused = lt("doctor --data nothing")
    assert refused.exit_code == 2
    assert "unknown data source 'nothing'" in refused.stderr


@pytest.mark.parametrize(
    ("n_bytes", "said"), [(999, "1.0 kB"), (64192, "64.2 kB"), (2.5e6, "2.5 MB"), (1e9, "1.0 GB"), (51e12, "51.0 TB")]
)
def test_sizes_are_in_the_unit_that_fits(n_bytes, said):
    assert size(n_bytes) == said
