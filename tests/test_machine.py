from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from lt_prune import machine
from lt_prune.config.compute import Compute
from lt_prune.engine import devices
from lt_prune.machine import available_cores, available_memory

GIB = 1 << 30
NO_LIMIT_OF_V1 = 0x7FFFFFFFFFFFF000


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """limits(own, {file: text}) makes these the files of control groups, and of those this process is in."""

    def make(own: str, files: dict[str, str]) -> None:
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            file = tmp_path / "groups" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    monkeypatch.setattr(machine, "_CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "_OWN", tmp_path / "own")
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda self: list(range(8)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=16 * GIB))
    return make


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/\n", {}, 8),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 8),
        ("0::/\n", {"cpu.max": "300000 100000\n"}, 3),
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "1600000 100000\n"}, 8),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}, 4),
        ("0::/not/shown\n", {"cpu.max": "200000 100000\n"}, 2),
        ("4:cpu,cpuacct:/\n2:cpuset:/x\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
    ],
)
def test_cores_are_at_most_what_the_container_has_the_time_of(limits, own, files, cores):
    limits(own, files)
    assert available_cores() == cores


def test_cores_of_a_container_of_version_1(limits):
    files = {"cpu/cpu.cfs_quota_us": "500000\n", "cpu/cpu.cfs_period_us": "100000\n"}
    limits("1:cpu:/\n", files)
    assert available_cores() == 5


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not tell")
def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(machine, "container_cores", lambda: math.inf)
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert available_cores() == len(before)


@pytest.mark.parametrize(
    ("own", "files", "left"),
    [
        ("0::/\n", {}, 16 * GIB),
        ("0::/\n", {"memory.max": "max\n", "memory.current": f"{GIB}\n", "memory.stat": "inactive_file 0\n"}, 16 * GIB),
        (
            "0::/\n",
            {
                "memory.max": f"{4 * GIB}\n",
                "memory.current": f"{3 * GIB}\n",
                "memory.stat": f"anon 5\ninactive_file {GIB}\n",
            },
            2 * GIB,
        ),
        (
            "0::/a\n",
            {
                "a/memory.max": f"{8 * GIB}",
                "a/memory.current": "0",
                "a/memory.stat": "inactive_file 0",
                "memory.max": f"{6 * GIB}",
                "memory.current": f"{GIB}",
                "memory.stat": "inactive_file 0",
            },
            5 * GIB,
        ),
        (
            "4:memory:/\n",
            {
                "memory/memory.limit_in_bytes": f"{2 * GIB}",
                "memory/memory.usage_in_bytes": f"{GIB}",
                "memory/memory.stat": "cache 1\ntotal_inactive_file 0",
            },
            GIB,
        ),
        (
            "4:memory:/\n",
            {
                "memory/memory.limit_in_bytes": f"{NO_LIMIT_OF_V1}",
                "memory/memory.usage_in_bytes": "0",
                "memory/memory.stat": "total_inactive_file 0",
            },
            16 * GIB,
        ),
    ],
    ids=["no container", "no limit", "cache does not count", "a limit further out", "version 1", "version 1, no limit"],
)
def test_memory_is_at_most_what_the_container_has_left(limits, monkeypatch, own, files, left):
    monkeypatch.setattr(machine, "_left_of_addresses", lambda: math.inf)
    limits(own, files)
    assert available_memory() == left


def test_a_container_that_is_over_its_limit_has_nothing_left(limits):
    files = {"memory.max": "1000", "memory.current": "2000", "memory.stat": "inactive_file 0"}
    limits("0::/\n", files)
    assert available_memory() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="addresses are limited on Linux")
def test_memory_is_at_most_what_is_left_of_the_addresses():
    code = "from lt_prune.machine import available_memory; print(available_memory())"
    limited = f"ulimit -v {2 * GIB // 1024}; exec {sys.executable} -c '{code}'"
    left = subprocess.run(
        limited, shell=True, capture_output=True, text=True, check=True, cwd=Path(machine.__file__).parents[1]
    )
    assert 0 < float(left.stdout) < 2 * GIB


def test_nothing_of_this_machine_is_out_of_range():
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    assert 0 <= available_memory() <= psutil.virtual_memory().total


@pytest.mark.parametrize(("quota", "workers"), [("max", 8), ("300000", 3), ("150000", 1)])
def test_workers_are_at_most_what_the_container_has_the_time_of(limits, monkeypatch, quota, workers):
    monkeypatch.setattr(devices, "available_cores", available_cores)
    limits("0::/\n", {"cpu.max": f"{quota} 100000\n"})
    assert devices.trained_at_once(Compute(device="cpu"), []) == workers
    assert devices.trained_at_once(Compute(device="cpu", workers=5), []) == 5
