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
    assert "1 member of resnet8 on 45 samples of blobs, 1 epoch in all: training is too short to be measured" in said
    assert "memory of it 16.3 kB for the samples" in said


@pytest.mark.parametrize(
    ("usable", "fits"),
    [(2e9, "which fits"), (0.9e9, "which is more than is free: train fewer at once with --workers")],
)
def test_whether_the_memory_suffices_is_said(blobs, speed, monkeypatch, in_tmp, usable, fits):
    """Two members of 500 MB at once; of one there is room either way."""
    monkeypatch.setattr("lt_prune.steps.doctor.available_memory", lambda: usable)
    lp.write_set("blobs.h5", blobs())
    asked = "doctor --data blobs.h5 --members 2 --epochs 2 --model resnet8 --device cpu"
    words = " ".join(ok(f"{asked} --workers 2").stdout.split())
    assert f"16.3 kB for the samples, up to 500.0 MB for each member at work: 1.0 GB in all, {fits}" in words
    assert "500.0 MB in all, which fits" in " ".join(ok(f"{asked} --workers 1").stdout.split())
    assert "about 1 second of training at 180 images/s, 2 at once, besides the start of processes and the scores" in words


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("--members 3", "members"),
        ("--epochs 3", "epochs"),
        ("--model resnet8", "model"),
        ("--resize 16", "reading (resize)"),
        ("--workers 3", "compute (workers)"),
        ("--device cpu", "compute (device, precision, compiled, workers, n_threads, executor)"),
    ],
)
def test_what_nothing_reads_without_data_is_refused(in_tmp, option, named):
    refused = lt(f"doctor {option}")
    assert refused.exit_code == 2
    assert refused.stderr == f"lt-prune: {named} is for what scoring a set would cost: name the set by data\n"


def test_extras_that_are_missing_stand_together(monkeypatch):
    monkeypatch.setattr("lt_prune.versions.EXTRAS", ("torch", "no-such-library", "nor-this-one"))
    said = " ".join(ok("doctor").stdout.split())
    assert f"extras torch {version('torch')}; not installed: no-such-library, nor-this-one cores" in said


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
